import type { Change, ChangeType, Json } from "../nouns.ts";

/**
 * What a change is by its values: an update that leaves nothing is a removal, one where nothing was an addition, and a
 * type that is not known yet is an update. A value that the event does not tell says nothing of either.
 */
export function happened({ change_type, old_value, new_value }: Change): ChangeType {
  if (change_type === "addition" || change_type === "removal") return change_type;
  if (isNothing(new_value)) return isNothing(old_value) ? "update" : "removal";
  return isNothing(old_value) && new_value !== undefined ? "addition" : "update";
}

function isNothing(value: Json | undefined): boolean {
  return value === null || value === "" || (Array.isArray(value) && value.every(isNothing));
}
