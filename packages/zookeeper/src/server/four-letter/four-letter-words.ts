// Source: org.apache.zookeeper.server.command.FourLetterCommands.

export const FOUR_LETTER_WORDS = [
  "conf",
  "cons",
  "crst",
  "dirs",
  "dump",
  "envi",
  "gtmk",
  "hash",
  "isro",
  "mntr",
  "ruok",
  "srst",
  "srvr",
  "stat",
  "stmk",
  "wchc",
  "wchp",
  "wchs",
] as const;
export type FourLetterWord = (typeof FOUR_LETTER_WORDS)[number];

const BY_CODE: ReadonlyMap<number, FourLetterWord> = new Map(
  FOUR_LETTER_WORDS.map((word) => [Buffer.from(word, "latin1").readInt32BE(0), word]),
);

/** The word whose four letters read as this number, if it is one: a frame's length as long would be refused anyway. */
export function fourLetterWord(code: number): FourLetterWord | undefined {
  return BY_CODE.get(code);
}
