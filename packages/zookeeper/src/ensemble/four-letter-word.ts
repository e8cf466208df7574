import { connect } from "node:net";

const ANSWER_BYTES_MAX = 1 << 20;

/**
 * Asks a server with one of the four-letter words.
 *
 * @returns the answer, or undefined if there was none: nothing listens, the server is paused, or no quorum serves it
 */
export function fourLetterWord(
  port: number,
  word: string,
  options: { readonly host?: string; readonly timeoutMs?: number } = {},
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: options.host ?? "127.0.0.1" });
    let answer = "";
    const finish = (result: string | undefined): void => {
      socket.destroy();
      resolve(result);
    };
    socket.setTimeout(options.timeoutMs ?? 1000, () => finish(undefined));
    socket.setEncoding("latin1");
    socket.on("connect", () => socket.write(word));
    socket.on("data", (text: string) => {
      answer += text;
      if (answer.length > ANSWER_BYTES_MAX) finish(undefined);
    });
    socket.on("end", () => finish(answer === "" ? undefined : answer));
    socket.on("error", () => finish(undefined));
  });
}

/** `leader`, `follower`, `observer`, `standalone` or `read-only`; undefined while the server serves nobody. */
export async function modeOf(port: number, timeoutMs = 1000, host = "127.0.0.1"): Promise<string | undefined> {
  const answer = await fourLetterWord(port, "srvr", { timeoutMs, host });
  return answer === undefined ? undefined : /^Mode: (\S+)$/m.exec(answer)?.[1];
}
