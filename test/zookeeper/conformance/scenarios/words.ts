import { fourLetterWord } from "../../../../packages/zookeeper/src/ensemble/four-letter-word.ts";
import type { Scenario } from "../compare.ts";
import type { Stage } from "../stage.ts";

/** Only some words are allowed, so that refusals can be seen from this machine too. */
export const OPTIONS = { lines: ["4lw.commands.whitelist=srvr, ruok,crst,wchs"] };

const WORDS =
  "conf cons crst dirs dump envi gtmk isro mntr ruok srst stat stmk wchc wchp wchs hash srvr RUOK Ruok help none ruok\n";

async function say(stage: Stage, what: string, bytes: string): Promise<void> {
  const one = await stage.dial(what);
  one.connection.expectText();
  one.connection.write(Buffer.from(bytes, "latin1"));
  const answer = await one.connection.text(300);
  // What differs by nature: versions, counts and times of what came before.
  stage.transcript.add(
    `${what}: ${/^(?:Zookeeper version|Latency)/m.test(answer) ? Object.keys(fields(answer)).join() : answer}`,
  );
}

function fields(answer: string): Record<string, string> {
  return Object.fromEntries(answer.split("\n").map((line) => line.split(": ") as [string, string]));
}

export const refusals: Scenario = async (stage) => {
  for (const word of WORDS.split(" ")) {
    // It has an argument, without which ours waits for the rest before it refuses it.
    if (word === "stmk") continue;
    await say(stage, JSON.stringify(word), word);
    await say(stage, JSON.stringify(`${word}\n`), `${word}\n`);
    await say(stage, JSON.stringify(`${word} and more`), `${word} and more`);
  }
  for (const bytes of [
    "ruo",
    "r",
    "    ",
    "\n\n\n\n",
    "\0\0\0",
    "\xff\xff\xff\xff",
    "QUIT\r\n",
    "ruokruok",
    "ruoksrvr",
  ]) {
    await say(stage, JSON.stringify(bytes), bytes);
  }
  stage.transcript.add(String(await fourLetterWord(stage.port(), "ruok")));
};

/** A session's connection takes no words. */
export const within: Scenario = async (stage) => {
  const one = await stage.connect("one");
  await one.raw("a word", Buffer.from("ruok"));
  await one.closed(1000);
};
