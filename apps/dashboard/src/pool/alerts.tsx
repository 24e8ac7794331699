import type { Alert, Pool } from "@espalier/contract";
import type { UseQueryResult } from "@tanstack/react-query";
import { Icon } from "../elements/icon.tsx";
import { ProblemNote } from "../elements/problem-note.tsx";
import { Ago } from "../elements/time.tsx";
import classes from "./alerts.module.css";

/** A strip for what is wrong with the pool, the worst first; nothing where all is well. */
export function Alerts({ query: { data, error, refetch } }: { query: UseQueryResult<Pool> }) {
  if (error) return <ProblemNote error={error} retry={() => void refetch()} />;
  if (!data || data.alerts.length === 0) return null;
  return (
    <section aria-label="What is wrong">
      <ul className={classes.alerts}>
        {data.alerts.map((alert) => (
          <AlertRow key={`${alert.code} ${alert.subject}`} alert={alert} />
        ))}
      </ul>
    </section>
  );
}

const AlertRow = ({ alert: { severity, subject, message, action, since } }: { alert: Alert }) => (
  <li className={classes[severity]}>
    <Icon name="alert" />
    <div>
      <p>
        <strong>{subject}</strong> {message}
      </p>
      {action !== undefined && <p className={classes.action}>{action}</p>}
    </div>
    <span className={classes.since}>
      {severity === "critical" ? "critical" : "warning"}
      {since !== undefined && (
        <>
          {" "}
          since <Ago at={since} suffix={false} />
        </>
      )}
    </span>
  </li>
);
