import type { ApiKey, NewApiKey, Page as Pages } from "@espalier/contract";
import { useRef, useState } from "react";
import { useResource } from "../api/use-resource.ts";
import { Command } from "../elements/command.tsx";
import { Dialog } from "../elements/dialog.tsx";
import { Panel } from "../elements/panel.tsx";
import { cells, Table } from "../elements/table.tsx";
import { Ago } from "../elements/time.tsx";
import { useAction } from "../elements/use-action.ts";
import { useMay } from "../session/use-me.ts";
import classes from "./keys-panel.module.css";

const roles = ["viewer", "member", "maintainer", "admin"] as const;

/** The keys that whoever has signed in may see; admins make others, and whoever has one revokes it. */
export function KeysPanel() {
  const query = useResource<Pages<ApiKey>>("keys", { query: { limit: 200 } });
  const [made, setMade] = useState<NewApiKey>();
  const admin = useMay("admin");
  return (
    <Panel title="Keys" query={query} rows={4} aside={admin && <NewKey made={setMade} />}>
      {({ items }) => (
        <>
          {made && (
            <div className={classes.made} role="status">
              <p>The key {made.key.name} is shown this once:</p>
              <Command line={made.text} />
            </div>
          )}
          <Table
            label="Keys"
            columns={[
              "Key",
              "Role",
              { name: "Last used", number: true },
              { name: "Ends", number: true },
              { name: "Made", number: true },
              { name: "Actions", hidden: true },
            ]}
          >
            {items.map((key) => (
              <KeyRow key={key.id} apiKey={key} />
            ))}
          </Table>
        </>
      )}
    </Panel>
  );
}

function KeyRow({
  apiKey: { id, name, role, operator, lastUsedAt, expiresAt, createdAt },
}: {
  apiKey: ApiKey;
}) {
  const action = useAction();
  return (
    <tr>
      <th scope="row">{name}</th>
      <td>
        {role}
        {operator && ", operator"}
      </td>
      <td className={cells.number}>{lastUsedAt === undefined ? "never" : <Ago at={lastUsedAt} />}</td>
      <td className={cells.number}>{expiresAt === undefined ? "never" : <Ago at={expiresAt} />}</td>
      <td className={cells.number}>
        <Ago at={createdAt} />
      </td>
      <td className={cells.number}>
        <Dialog
          opener="Revoke"
          label={`Revoke ${name}`}
          title={`Revoke ${name}?`}
          confirm="Revoke"
          error={action.error}
          onConfirm={() => action.mutateAsync({ verb: "DELETE", path: `keys/${id}` })}
        >
          <p>Whoever uses it is refused from then on. This cannot be taken back.</p>
        </Dialog>
      </td>
    </tr>
  );
}

function NewKey({ made }: { made: (key: NewApiKey) => void }) {
  const action = useAction<NewApiKey>();
  const name = useRef<HTMLInputElement>(null);
  const user = useRef<HTMLInputElement>(null);
  const role = useRef<HTMLSelectElement>(null);
  const make = async (): Promise<void> => {
    const whose = user.current?.value.trim();
    made(
      await action.mutateAsync({
        verb: "POST",
        path: "keys",
        json: { name: name.current?.value.trim(), role: role.current?.value, ...(whose && { user: whose }) },
      }),
    );
  };
  return (
    <Dialog
      opener="New key"
      look="plain"
      title="A new key"
      confirm="Make it"
      error={action.error}
      onConfirm={make}
    >
      <label>
        Name
        <input ref={name} required maxLength={100} />
      </label>
      <label>
        User
        <input ref={user} maxLength={100} placeholder="default" />
      </label>
      <label>
        Role{" "}
        <select ref={role} defaultValue="member">
          {roles.map((each) => (
            <option key={each}>{each}</option>
          ))}
        </select>
      </label>
    </Dialog>
  );
}
