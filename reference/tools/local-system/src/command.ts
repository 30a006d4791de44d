/** What `main` is to run on the shop: the words behind `--`; none where it is to run until it is told to end. */
export function commandOf(words: readonly string[]): readonly string[] {
  const mark = words.indexOf("--");
  return mark < 0 ? [] : words.slice(mark + 1);
}
