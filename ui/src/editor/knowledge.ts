/** What the server says of the language of definitions, read once. */
import { useQueries } from "@tanstack/react-query";
import { listFunctions, listStepTypes, readDefinitionSchema } from "~/api/authoring";
import { listDefinitions } from "~/api/endpoints";
import type { Knowledge } from "./completion";

const FOREVER = { staleTime: Infinity, gcTime: Infinity };

export function useKnowledge(tenant: string): Knowledge | undefined {
  return useQueries({
    queries: [
      { queryKey: ["definition-schema"], queryFn: readDefinitionSchema, ...FOREVER },
      { queryKey: ["functions"], queryFn: listFunctions, ...FOREVER },
      { queryKey: ["step-types"], queryFn: listStepTypes, ...FOREVER },
      { queryKey: ["definitions", tenant, null], queryFn: () => listDefinitions(tenant, null) },
    ],
    combine: ([schema, functions, types, definitions]) =>
      schema.data === undefined || functions.data === undefined
        ? undefined
        : {
            schema: schema.data,
            functions: functions.data,
            types: new Map((types.data ?? []).map((each) => [each.type, each.summary])),
            definitions: (definitions.data?.items ?? []).map((each) => each.id),
          },
  });
}
