/** The fields of a package.json that packing reads or writes. */
export interface PackageManifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly files?: readonly string[];
  readonly exports?: Readonly<Record<string, string>>;
  readonly bin?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

export interface PublishedManifest extends Omit<PackageManifest, "exports"> {
  readonly exports: Readonly<Record<string, { readonly types: string; readonly default: string }>>;
}

export interface PublishedFacts {
  /** The package.json of the repository: the pinned Node, and the versions of type packages. */
  readonly root: PackageManifest;
  /** Versions of the repository's packages by name. */
  readonly siblings: ReadonlyMap<string, string>;
  /** Whether the package starts programs of its own, on the Node that the project pins. */
  readonly startsPrograms: boolean;
  /** Packages that its declaration files import, `node` for Node's own. */
  readonly typeImports: ReadonlySet<string>;
}

/** The package.json that is published, of the one in the checkout. */
export function publishedManifest(own: PackageManifest, facts: PublishedFacts): PublishedManifest {
  const { scripts: _scripts, devDependencies: _devDependencies, exports: _exports, ...kept } = own;
  const dependencies = { ...own.dependencies, ...typePackages(own, facts) };
  const optional = { ...own.optionalDependencies, ...(facts.startsPrograms ? pinnedNode(facts.root) : {}) };
  return {
    ...kept,
    exports: mapValues(own.exports ?? {}, publishedExport),
    dependencies: mapValues(sorted(dependencies), (range, name) => facts.siblings.get(name) ?? range),
    ...(Object.keys(optional).length > 0 && { optionalDependencies: sorted(optional) }),
  };
}

/** Where a file of `src` lies in the published package: `src/a/b.ts` → `dist/a/b.js`. */
export function publishedPath(path: string, extension: ".js" | ".d.ts" = ".js"): string {
  return path.replace(/^(\.\/)?src\//, "$1dist/").replace(/\.ts$/, extension);
}

function publishedExport(target: string): { readonly types: string; readonly default: string } {
  return { types: publishedPath(target, ".d.ts"), default: publishedPath(target) };
}

function pinnedNode(root: PackageManifest): Record<string, string> {
  return Object.fromEntries(
    Object.entries(root.optionalDependencies ?? {}).filter(([name]) => name.startsWith("node-")),
  );
}

/**
 * Declarations of packages that bring none themselves. Any version of Node's: a second copy beside the one that the user's
 * program has would contradict it.
 */
function typePackages(own: PackageManifest, { root, typeImports }: PublishedFacts): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of typeImports) {
    const types = `@types/${name}`;
    const version = root.devDependencies?.[types];
    if (version !== undefined) found[types] = name === "node" ? "*" : `^${version}`;
    else if (name !== own.name && own.dependencies?.[name] === undefined)
      throw new Error(`${own.name}: its types need ${name}, which is not among its dependencies`);
  }
  return found;
}

function sorted(record: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function mapValues<A, B>(record: Readonly<Record<string, A>>, map: (value: A, key: string) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value, key)]));
}
