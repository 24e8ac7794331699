import type { SignedOut } from "@espalier/contract";
import { send } from "../api/request.ts";
import { queryClient } from "../api/query-client.ts";
import { Button } from "../elements/button.tsx";
import { Icon } from "../elements/icon.tsx";
import { useMe } from "../session/use-me.ts";
import { chooseTheme, themes } from "./theme.ts";
import classes from "./account-menu.module.css";

/** Who has signed in, light or dark, and the way out. */
export function AccountMenu() {
  const { data: me } = useMe();
  const signOut = async (): Promise<void> => {
    const left = await send<SignedOut | undefined>("DELETE", "session");
    queryClient.clear();
    location.assign(left?.next ?? document.baseURI);
  };
  const name = me?.user?.name ?? me?.key.name ?? "…";
  return (
    <>
      <button type="button" popoverTarget="account" className={classes.opener}>
        <Icon name="menu" />
        <span>{name}</span>
      </button>
      <div id="account" popover="auto" className={classes.menu}>
        {me && (
          <p>
            <strong>{name}</strong> of team <strong>{me.team.name}</strong>
            <br />
            <span className={classes.quiet}>
              {me.key.role}
              {me.key.operator ? ", operator" : ""} by the key {me.key.name}
            </span>
          </p>
        )}
        <fieldset>
          <legend>Appearance</legend>
          {themes.map((theme) => (
            <label key={theme}>
              <input
                type="radio"
                name="theme"
                defaultChecked={chooseTheme() === theme}
                onChange={() => chooseTheme(theme)}
              />{" "}
              {theme}
            </label>
          ))}
        </fieldset>
        <p className={classes.quiet}>
          Press <kbd>?</kbd> for all keys.
        </p>
        <Button onPress={() => void signOut()}>Sign out</Button>
      </div>
    </>
  );
}
