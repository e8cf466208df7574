import type { Disk } from "@ordinal/io";
import { describe, expect, test } from "vitest";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (value: Uint8Array): string => new TextDecoder().decode(value);

/** What every `Disk` does. `within` runs the body with one and an empty folder on it. */
export function diskContract(
  name: string,
  within: (body: (disk: Disk, folder: string) => Promise<void>) => Promise<void>,
): void {
  const write = async (disk: Disk, path: string, content: string): Promise<void> => {
    const file = await disk.open(path, "create");
    await file.append(bytes(content));
    await file.sync();
    await file.close();
  };
  const content = async (disk: Disk, path: string): Promise<string> => {
    const file = await disk.open(path, "read");
    const all = await file.read(0, await file.size());
    await file.close();
    return text(all);
  };

  describe(`${name} keeps the contract of Disk`, () => {
    test("appends, reads at any position, and reads less only at the end", () =>
      within(async (disk, folder) => {
        const file = await disk.open(`${folder}/log`, "create");
        await file.append(bytes("hello"));
        await file.append(new Uint8Array(0));
        await file.append(bytes(" world"));
        expect(await file.size()).toBe(11);
        expect(text(await file.read(3, 5))).toBe("lo wo");
        expect(text(await file.read(9, 100))).toBe("ld");
        expect(text(await file.read(11, 1))).toBe("");
        expect(text(await file.read(500, 1))).toBe("");
        await file.sync();
        await file.close();
        const again = await disk.open(`${folder}/log`, "append");
        await again.append(bytes("!"));
        await again.close();
        expect(await content(disk, `${folder}/log`)).toBe("hello world!");
      }));

    test("truncates and appends at the new end", () =>
      within(async (disk, folder) => {
        const file = await disk.open(`${folder}/log`, "create");
        await file.append(bytes("hello world"));
        await file.truncate(5);
        await file.append(bytes("!"));
        await file.sync();
        await file.close();
        expect(await content(disk, `${folder}/log`)).toBe("hello!");
      }));

    test("writes over what is there, across the end and beyond it", () =>
      within(async (disk, folder) => {
        const file = await disk.open(`${folder}/log`, "create");
        await file.append(bytes("hello world"));
        await file.write(0, bytes("J"));
        await file.write(9, bytes("ds!"));
        expect(await file.size()).toBe(12);
        await file.write(3, new Uint8Array(0));
        await file.write(100, new Uint8Array(0));
        expect(await file.size()).toBe(12);
        await file.append(bytes("?"));
        await file.sync();
        expect(text(await file.read(0, 100))).toBe("Jello words!?");
        await file.write(15, bytes("x"));
        await file.append(bytes("y"));
        await file.close();
        expect(await content(disk, `${folder}/log`)).toBe("Jello words!?\0\0xy");
        const reader = await disk.open(`${folder}/log`, "read");
        await expect(reader.write(0, bytes("y"))).rejects.toMatchObject({ code: "EBADF" });
        await reader.close();
      }));

    test("writes megabytes as it writes bytes", () =>
      within(async (disk, folder) => {
        const file = await disk.open(`${folder}/log`, "create");
        const large = new Uint8Array(3 * 1024 * 1024).map((_, at) => at % 251);
        await file.write(0, large);
        await file.write(1, large);
        await file.append(bytes("end"));
        await file.sync();
        expect(await file.size()).toBe(large.length + 4);
        const read = await file.read(1, large.length);
        expect(Buffer.compare(read, large)).toBe(0);
        expect(text(await file.read(large.length + 1, 9))).toBe("end");
        await file.close();
      }));

    test("a file that was cut has zeros where it grows again", () =>
      within(async (disk, folder) => {
        const file = await disk.open(`${folder}/log`, "create");
        await file.append(bytes("hello world"));
        await file.truncate(2);
        await file.write(6, bytes("!"));
        expect(text(await file.read(0, 100))).toBe("he\0\0\0\0!");
        await file.close();
      }));

    test("tells when a file last changed", () =>
      within(async (disk, folder) => {
        const file = await disk.open(`${folder}/a`, "create");
        await file.append(bytes("x"));
        const first = await file.modifiedMs();
        await file.write(0, bytes("y"));
        expect(first).toBeGreaterThan(0);
        expect(await file.modifiedMs()).toBeGreaterThanOrEqual(first);
        await file.close();
      }));

    test("a file that was closed does nothing more", () =>
      within(async (disk, folder) => {
        const file = await disk.open(`${folder}/a`, "create");
        await file.close();
        await expect(file.write(0, bytes("x"))).rejects.toMatchObject({ code: "EBADF" });
        await expect(file.sync()).rejects.toMatchObject({ code: "EBADF" });
        await expect(file.read(0, 1)).rejects.toMatchObject({ code: "EBADF" });
        expect(await content(disk, `${folder}/a`)).toBe("");
      }));

    test("the bytes given to append are the caller's again at once after it", () =>
      within(async (disk, folder) => {
        const file = await disk.open(`${folder}/log`, "create");
        const mine = bytes("mine");
        await file.append(mine);
        mine.fill(0);
        expect(text(await file.read(0, 4))).toBe("mine");
        await file.close();
      }));

    test("each mode asks for what it needs", () =>
      within(async (disk, folder) => {
        await expect(disk.open(`${folder}/a`, "read")).rejects.toMatchObject({ code: "ENOENT" });
        await expect(disk.open(`${folder}/a`, "append")).rejects.toMatchObject({ code: "ENOENT" });
        await expect(disk.open(`${folder}/none/a`, "create")).rejects.toMatchObject({ code: "ENOENT" });
        await write(disk, `${folder}/a`, "x");
        await expect(disk.open(`${folder}/a`, "create")).rejects.toMatchObject({ code: "EEXIST" });
        const file = await disk.open(`${folder}/a`, "read");
        await expect(file.append(bytes("y"))).rejects.toMatchObject({ code: "EBADF" });
        await file.close();
        expect(await content(disk, `${folder}/a`)).toBe("x");
      }));

    test("renames over another file, within a folder only", () =>
      within(async (disk, folder) => {
        await write(disk, `${folder}/new`, "new");
        await write(disk, `${folder}/old`, "old");
        await disk.rename(`${folder}/new`, `${folder}/old`);
        await disk.syncDirectory(folder);
        expect(await disk.list(folder)).toEqual(["old"]);
        expect(await content(disk, `${folder}/old`)).toBe("new");
        await disk.rename(`${folder}/old`, `${folder}/old`);
        expect(await disk.list(folder)).toEqual(["old"]);
        await disk.makeDirectory(`${folder}/deep`);
        await expect(disk.rename(`${folder}/old`, `${folder}/deep/old`)).rejects.toThrow(RangeError);
        await expect(disk.rename(`${folder}/none`, `${folder}/x`)).rejects.toMatchObject({ code: "ENOENT" });
      }));

    test("makes folders with those above them, and lists names in order", () =>
      within(async (disk, folder) => {
        await disk.makeDirectory(`${folder}/b/c`);
        await disk.makeDirectory(`${folder}/b/c`);
        await write(disk, `${folder}/c`, "");
        await write(disk, `${folder}/a`, "");
        expect(await disk.list(folder)).toEqual(["a", "b", "c"]);
        expect(await disk.list(`${folder}/b`)).toEqual(["c"]);
        await expect(disk.list(`${folder}/none`)).rejects.toMatchObject({ code: "ENOENT" });
        await expect(disk.list(`${folder}/a`)).rejects.toMatchObject({ code: "ENOTDIR" });
      }));

    test("a file that was removed is gone, and readable for who has it open", () =>
      within(async (disk, folder) => {
        await write(disk, `${folder}/a`, "x");
        const file = await disk.open(`${folder}/a`, "read");
        await disk.remove(`${folder}/a`);
        expect(await disk.list(folder)).toEqual([]);
        expect(text(await file.read(0, 1))).toBe("x");
        await file.close();
        await expect(disk.remove(`${folder}/a`)).rejects.toMatchObject({ code: "ENOENT" });
      }));
  });
}
