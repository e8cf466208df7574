import type { KubeObject } from "../api/object.ts";
import { canonicalize } from "./canonical.ts";
import type { Cell, FieldError, Kind, Strategy, StrategyContext } from "./kind.ts";

/** An object of the API with the metadata that every stored one has. */
export type Stored<T> = { -readonly [Field in keyof T]: T[Field] } & { readonly metadata: KubeObject["metadata"] };

/** `Strategy` with the kind's own type in place of `KubeObject`. */
export interface StrategyOf<T> extends Pick<Strategy, "generation" | "deleteReturnsObject" | "defaultPropagation"> {
  readonly prepareForCreate?: (object: Stored<T>, context: StrategyContext) => void;
  readonly prepareForUpdate?: (object: Stored<T>, old: Stored<T>, context: StrategyContext) => void;
  readonly prepareForStatusUpdate?: (object: Stored<T>, old: Stored<T>, context: StrategyContext) => void;
  readonly validate: (object: Stored<T>, context: StrategyContext) => FieldError[];
  readonly validateUpdate?: (object: Stored<T>, old: Stored<T>, context: StrategyContext) => FieldError[];
  readonly validateStatusUpdate?: (object: Stored<T>, old: Stored<T>, context: StrategyContext) => FieldError[];
  readonly warnings?: (object: Stored<T>) => string[];
  readonly graceSeconds?: (object: Stored<T>, requested: number | undefined) => number;
}

/** `Kind` with the kind's own type in place of `KubeObject`. */
export interface KindOf<T> extends Omit<Kind, "defaults" | "strategy" | "row" | "selectableFields"> {
  readonly defaults?: (object: Stored<T>) => void;
  readonly strategy: StrategyOf<T>;
  readonly row: (object: Stored<T>, now: number) => Cell[];
  readonly selectableFields?: Readonly<Record<string, (object: Stored<T>) => string>>;
}

/**
 * Makes a kind of its typed description. Objects are brought into canonical form around every hook, so that the hooks
 * see what the original's Go types would hold, and write fields in any order.
 */
export function defineKind<T>(definition: KindOf<T>): Kind {
  const { schema, strategy } = definition;
  const canonical = <A extends unknown[]>(hook: (object: Stored<T>, ...rest: A) => void) =>
    function (object: KubeObject, ...rest: A): void {
      hook(object as unknown as Stored<T>, ...rest);
      canonicalize(object, schema);
    };
  const { prepareForCreate, prepareForUpdate, prepareForStatusUpdate, ...others } = strategy;
  return {
    ...definition,
    defaults: (object: KubeObject) => {
      canonicalize(object, schema);
      if (definition.defaults === undefined) return;
      definition.defaults(object as unknown as Stored<T>);
      canonicalize(object, schema);
    },
    strategy: {
      ...others,
      ...(prepareForCreate && { prepareForCreate: canonical(prepareForCreate) }),
      ...(prepareForUpdate && { prepareForUpdate: canonical(prepareForUpdate) }),
      ...(prepareForStatusUpdate && { prepareForStatusUpdate: canonical(prepareForStatusUpdate) }),
    },
  } as unknown as Kind;
}
