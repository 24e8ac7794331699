import { reaches } from "./roles.ts";
import { useQuery } from "@tanstack/react-query";
import type { Me, TeamRole } from "@espalier/contract";
import { get } from "../api/request.ts";

/** Who has signed in. */
export const useMe = () =>
  useQuery({ queryKey: ["me"], queryFn: ({ signal }) => get<Me>("me", {}, signal), refetchInterval: 60_000 });

/** Whether whoever has signed in may do what asks for a role; the service decides, this only hides what it would refuse. */
export function useMay(role: TeamRole | "operator"): boolean {
  const { data } = useMe();
  if (!data) return false;
  return role === "operator" ? data.key.operator : reaches(data.key.role, role);
}
