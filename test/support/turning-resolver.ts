import type { ResolveName } from '../../adapters/network/guarded-fetch.ts';

/** A resolver that gives every name the addresses of its turn: the last ones from then on. */
export function resolverOf(...turns: readonly (readonly string[])[]): ResolveName & { asked: string[] } {
  const left = [...turns];
  const resolve: ResolveName & { asked: string[] } = Object.assign(
    (...[name, , done]: Parameters<ResolveName>) => {
      resolve.asked.push(name);
      const addresses = (left.length > 1 ? left.shift() : left[0]) ?? [];
      done(
        null,
        addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      );
    },
    { asked: [] },
  );
  return resolve;
}
