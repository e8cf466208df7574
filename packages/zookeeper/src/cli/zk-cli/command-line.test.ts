import { describe, expect, test } from "vitest";

import { parseArguments, splitLine } from "./arguments.ts";
import { parseCommandLine } from "./command-line.ts";

const OPTIONS = {
  options: [
    { name: "s", description: "" },
    { name: "w", description: "" },
    { name: "v", hasValue: true, description: "" },
    { name: "file", hasValue: true, description: "" },
  ],
};

describe("the options of a command, as the original's library reads them", () => {
  test.each([
    ["set -s /a x", ["s"], undefined, ["set", "/a", "x"]],
    ["set /a -sw x", ["s", "w"], undefined, ["set", "/a", "x"]],
    ["set -v 3 /a", ["v"], "3", ["set", "/a"]],
    ["set -v3 /a", ["v"], "3", ["set", "/a"]],
    ["set -v=3 /a", ["v"], "3", ["set", "/a"]],
    ["set -sv 3 /a", ["s", "v"], "3", ["set", "/a"]],
    ["set -sv3 /a", ["s", "v"], "3", ["set", "/a"]],
    ["set -v -1 /a", ["v"], "-1", ["set", "/a"]],
    ['set -v "3" /a', ["v"], "3", ["set", "/a"]],
    ["set -file name /a", ["file"], undefined, ["set", "/a"]],
    ["set -- -s -v", [], undefined, ["set", "-s", "-v"]],
    ["set - /a", [], undefined, ["set", "-", "/a"]],
  ])("%s", (text, given, value, args) => {
    const line = parseCommandLine(OPTIONS, text.split(" "));
    expect(["s", "w", "v", "file"].filter((name) => line.has(name)).sort()).toEqual([...given].sort());
    expect(line.value("v")).toBe(value);
    expect(line.args).toEqual(args);
  });

  test.each([
    ["set -x", "UnrecognizedOptionException: Unrecognized option: -x"],
    ["set -sx", "UnrecognizedOptionException: Unrecognized option: -sx"],
    ["set --s", "UnrecognizedOptionException: Unrecognized option: --s"],
    ["set -1", "UnrecognizedOptionException: Unrecognized option: -1"],
    ["set -s=1", "UnrecognizedOptionException: Unrecognized option: -s=1"],
    ["set -v", "MissingArgumentException: Missing argument for option: v"],
    ["set -v -s", "MissingArgumentException: Missing argument for option: v"],
  ])("%s is refused", (text, message) => {
    expect(() => parseCommandLine(OPTIONS, text.split(" "))).toThrow(`org.apache.commons.cli.${message}`);
  });
});

describe("lines of the shell", () => {
  test.each([
    ["create /a data", ["create", "/a", "data"]],
    [`create /a "two words"`, ["create", "/a", "two words"]],
    [`create /a 'it "is"'`, ["create", "/a", 'it "is"']],
    [`set /a ""`, ["set", "/a", ""]],
    [`set /a mid"dle`, ["set", "/a", 'mid"dle']],
    ["  ls   / ", ["ls", "/"]],
  ])("%s", (line, words) => {
    expect(splitLine(line)).toEqual(words);
  });
});

describe("the command line", () => {
  const quiet = { print: () => undefined, printRaw: () => undefined, printError: () => undefined };

  test("options come before the command, and what nobody knows is skipped", () => {
    const args = ["-server", "h:1", "-nonsense", "-timeout", "5", "-r", "-waitforconnection", "ls", "-server", "x"];
    expect(parseArguments(args, quiet)).toEqual({
      server: "h:1",
      timeout: "5",
      isReadOnly: true,
      waitsForConnection: true,
      clientConfiguration: undefined,
      command: ["ls", "-server", "x"],
    });
  });

  test("an option without its value is told", () => {
    const told: string[] = [];
    parseArguments(["-server"], { ...quiet, printError: (line) => void told.push(line) });
    expect(told).toEqual(["Error: no argument found for option -server"]);
  });
});
