/** Lower case of every character by itself: a capital sigma that ends a word becomes a small one like any other. */
export const lowercase = (text: string): string => text.replaceAll("\u03a3", "\u03c3").toLowerCase();
