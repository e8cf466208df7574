/** Lines that are drawn again in place on a terminal, and written once per change elsewhere. */
export interface LiveView {
  show(lines: readonly string[]): void;
  /** Leaves the last lines standing. */
  end(): void;
}

export function liveView(stream: NodeJS.WriteStream): LiveView {
  return stream.isTTY ? redrawing(stream) : appending(stream);
}

function redrawing(stream: NodeJS.WriteStream): LiveView {
  let drawn = 0;
  let last = "";
  return {
    show(lines) {
      const width = stream.columns || 80;
      // A screen holds only so many lines: what is above it could not be drawn again.
      const room = Math.max(4, (stream.rows || 24) - 2);
      const shown =
        lines.length > room ? [...lines.slice(0, room - 1), `… and ${lines.length - room + 1} more`] : lines;
      const next = shown.map((line) => line.slice(0, width - 1)).join("\n");
      if (next === last) return;
      stream.write(`${drawn > 0 ? `\x1b[${drawn}A` : ""}\x1b[J${next}\n`);
      drawn = shown.length;
      last = next;
    },
    end() {
      drawn = 0;
      last = "";
    },
  };
}

function appending(stream: NodeJS.WriteStream): LiveView {
  const seen = new Set<string>();
  return {
    show(lines) {
      for (const line of lines)
        if (!seen.has(line)) {
          seen.add(line);
          stream.write(`${line}\n`);
        }
    },
    end() {
      seen.clear();
    },
  };
}
