/** Seconds that a process of the stack gets for a clean end before it is killed. */
export const graceSeconds = 12;
