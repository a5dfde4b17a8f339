/** Names with commas between them, as people write lists. */
export const listed = (text: string): string[] => [...new Set(text.split(",").map((each) => each.trim()).filter((each) => each !== ""))];
