import { Button } from "../elements/button.tsx";
import { columnNames, columnOf, usualColumns } from "./columns.tsx";
import { orders, type ListView } from "./use-list-view.ts";
import classes from "./column-menu.module.css";

/** The columns of the list and its order, to be chosen. */
export const ColumnMenu = ({ view: { columns, sort, setColumns, setSort } }: { view: ListView }) => (
  <>
    <button type="button" popoverTarget="columns" className={classes.opener}>
      Columns
    </button>
    <div id="columns" popover="auto" className={classes.menu} role="dialog" aria-label="Columns and order">
      <fieldset>
        <legend>Columns</legend>
        {columnNames.map((name) => (
          <label key={name}>
            <input
              type="checkbox"
              checked={columns.includes(name)}
              onChange={({ target }) =>
                setColumns(
                  columnNames.filter((each) => (each === name ? target.checked : columns.includes(each))),
                )
              }
            />{" "}
            {columnOf(name).title}
          </label>
        ))}
      </fieldset>
      <fieldset>
        <legend>Order</legend>
        {(Object.keys(orders) as (keyof typeof orders)[]).map((order) => (
          <label key={order}>
            <input type="radio" name="order" checked={sort === order} onChange={() => setSort(order)} />{" "}
            {orders[order]}
          </label>
        ))}
      </fieldset>
      <Button look="bare" onPress={() => setColumns(usualColumns)}>
        The usual columns
      </Button>
    </div>
  </>
);
