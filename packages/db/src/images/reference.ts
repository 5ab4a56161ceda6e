/** SQL over `i` (images): what an engine calls it. On Berth's registry that is its own name, wherever the registry is now. */
export const REFERENCE = "COALESCE(i.reference, registry_address() || '/' || i.name)";
