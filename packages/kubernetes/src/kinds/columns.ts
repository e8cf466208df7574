import type { Column } from "./kind.ts";

export const nameColumn: Column = {
  name: "Name",
  type: "string",
  format: "name",
  description: "Name of the object.",
  priority: 0,
};
export const ageColumn: Column = {
  name: "Age",
  type: "string",
  description: "Time since the object was made.",
  priority: 0,
};

export function column(name: string, description: string, type: Column["type"] = "string"): Column {
  return { name, type, description, priority: 0 };
}

/** Shown with `-o wide` only. */
export function wideColumn(name: string, description: string): Column {
  return { name, type: "string", description, priority: 1 };
}
