import { KeeperError } from "../../../client/keeper-error.ts";
import { parseAcls } from "../acl-text.ts";
import { CliError, commandError } from "../cli-error.ts";
import { parseCommandLine } from "../command-line.ts";
import { usageOf, type Command } from "../command.ts";
import { aclText, printStat } from "../stat-text.ts";
import { visitSubTree } from "../sub-tree.ts";
import { versionOf } from "./nodes.ts";

// Sources: AddAuthCommand, GetAclCommand, SetAclCommand, WhoAmICommand of org.apache.zookeeper.cli.

export const addAuth: Command = {
  name: "addauth",
  usage: "scheme auth",
  run(words, { client }) {
    const [, scheme, auth] = parseCommandLine({ options: [] }, words).args;
    if (scheme === undefined) return Promise.reject(new CliError(usageOf(addAuth)));
    // As the original, it does not wait: a refusal is an event of the session.
    client.addAuth(scheme, auth === undefined ? null : Buffer.from(auth)).catch(() => undefined);
    return Promise.resolve();
  },
};

const GET_ACL_OPTIONS = { options: [{ name: "s", description: "stats" }] };

export const getAcl: Command = {
  name: "getAcl",
  usage: "[-s] path",
  async run(words, { client, output }) {
    const line = parseCommandLine(GET_ACL_OPTIONS, words);
    const [, path] = line.args;
    if (path === undefined) throw new CliError(usageOf(getAcl));
    try {
      const { acl, stat } = await client.getAcl(path);
      for (const entry of acl) output.print(aclText(entry));
      if (line.has("s")) printStat(stat, output);
    } catch (error) {
      throw commandError(error);
    }
  },
};

const SET_ACL_OPTIONS = {
  options: [
    { name: "s", description: "stats" },
    { name: "v", hasValue: true, description: "version" },
    { name: "R", description: "recursive" },
  ],
};

export const setAcl: Command = {
  name: "setAcl",
  usage: "[-s] [-v version] [-R] path acl",
  async run(words, { client, output }) {
    const line = parseCommandLine(SET_ACL_OPTIONS, words);
    const [, path, text] = line.args;
    if (path === undefined || text === undefined) throw new CliError(usageOf(setAcl));
    const acl = parseAcls(text, output);
    const version = versionOf(line);
    try {
      if (line.has("R")) {
        await visitSubTree(client, path, false, async (visited) => {
          try {
            await client.setAcl(visited, acl, version);
          } catch (error) {
            if (!(error instanceof KeeperError)) throw error;
            output.printRaw(error.message);
          }
        });
        return;
      }
      const stat = await client.setAcl(path, acl, version);
      if (line.has("s")) printStat(stat, output);
    } catch (error) {
      throw commandError(error);
    }
  },
};

export const whoAmI: Command = {
  name: "whoami",
  usage: "",
  async run(_words, { client, output }) {
    let infos: Awaited<ReturnType<typeof client.whoAmI>> = [];
    try {
      infos = await client.whoAmI();
    } catch (error) {
      // The original does not look whether there was an answer.
      if (!(error instanceof KeeperError)) throw error;
    }
    output.print("Auth scheme: User");
    for (const { authScheme, user } of infos) output.print(`${authScheme}: ${user}`);
  },
};
