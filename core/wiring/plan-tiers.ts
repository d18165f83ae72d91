/** What a configuration may name as the tier of tenants that were given none. */
export { tierNames, usualTier } from '../quota/tiers.ts';
