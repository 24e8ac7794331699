import type { Run } from "@espalier/contract";
import { useState } from "react";
import { useLocation } from "wouter";
import { Button } from "../elements/button.tsx";
import { Command } from "../elements/command.tsx";
import { Frame } from "../elements/panel.tsx";
import { ProblemNote } from "../elements/problem-note.tsx";
import { useAction } from "../elements/use-action.ts";
import { useMay } from "../session/use-me.ts";
import classes from "./repeat-panel.module.css";

const ways = {
  "Command line": ({ id }: Run) => `espalier run clone ${id}`,
  curl: ({ spec }: Run, url: string) =>
    `curl -H "Authorization: Bearer $ESPALIER_KEY" -H 'content-type: application/json' \\\n  -d '${JSON.stringify({ spec }).replaceAll("'", String.raw`'\''`)}' \\\n  ${url}v1/runs`,
  TypeScript: ({ spec }: Run, url: string) =>
    `import { createClient } from "@espalier/contract";\n\nconst client = createClient({ url: "${url}", key: "esp_…" });\nawait client.runs.submit({ spec: ${JSON.stringify(spec, null, 2)} });`,
} as const satisfies Record<string, (run: Run, url: string) => string>;
type Way = keyof typeof ways;

/** How to do the same again, to be copied. */
export function RepeatPanel({ run }: { run: Run }) {
  const [way, setWay] = useState<Way>("Command line");
  const action = useAction<Run>();
  const [, go] = useLocation();
  const may = useMay("member");
  if (run.kind === "import") return null;
  const again = (): void =>
    void action.mutateAsync({ verb: "POST", path: `runs/${run.id}/clone`, json: {} }).then(
      ({ id }) => go(`/runs/${id}`),
      () => undefined,
    );
  return (
    <Frame
      title="Repeat as"
      aside={(Object.keys(ways) as Way[]).map((each) => (
        <Button key={each} look="bare" pressed={each === way} onPress={() => setWay(each)}>
          {each}
        </Button>
      ))}
    >
      <div className={classes.lines}>
        <Command line={ways[way](run, document.baseURI)} />
        {may && (
          <div>
            <Button disabled={action.isPending} onPress={again}>
              Run it again
            </Button>
          </div>
        )}
        {action.error && <ProblemNote error={action.error} />}
      </div>
    </Frame>
  );
}
