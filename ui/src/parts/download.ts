/** Files that this page makes. */

/** Saves items as JSON Lines, in the folder where the browser puts files. */
export function saveLines(name: string, items: readonly unknown[]): void {
  const address = URL.createObjectURL(new Blob([items.map((each) => `${JSON.stringify(each)}\n`).join("")], { type: "application/jsonl" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  URL.revokeObjectURL(address);
}
