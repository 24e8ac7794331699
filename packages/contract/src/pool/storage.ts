/**
 * What must be free, in bytes, for runs to start: on the volume of the data folder (ESPALIER_MIN_FREE_DATA) and on the disk of a
 * worker's scratch folder (ESPALIER_MIN_FREE_SCRATCH). Runs start again when a quarter more than that is free.
 */
export const leastFree = { data: 2 ** 29, scratch: 2 ** 29 } as const;

/** A host whose clock differs by more seconds than this from the database's is shown to operators. */
export const clockTolerance = 5;
