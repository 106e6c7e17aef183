"""DuckDB SQL as someone who likes DuckDB would write it.

Store-SKU and day become one whole number, the cell, so that every join has one key and every window one order. Moving
frames give count, sum, squares and extremes of the days before each day in one pass. Values to trim are rare: only
the days whose extremes lie outside their bounds are joined back to the values.
"""

from pathlib import Path

import duckdb

from bench.rivals import (
    ACTIVE_DAYS,
    DARK_RATIO,
    LONGEST_GAP_DAYS,
    LOOKBACK_DAYS,
    MIN_DARK_DAYS,
    MIN_KEPT_DAYS,
    SIGMAS,
    STOCK_FROM_SALES_DAYS,
    TIE,
    WINDOW_DAYS,
    compete,
)

THREADS = 2

SPAN = """
set variable last_date = (select max(date) from read_parquet('{folder}/sales_transactions.parquet'));
set variable first_date = getvariable('last_date') - ({lookback} - 1);
create view sales_file as
  select store_id, sku_id, date - getvariable('first_date') as day, units_sold::double as units
  from read_parquet('{folder}/sales_transactions.parquet')
  where date >= getvariable('first_date') {chosen};
create view stock_file as
  select store_id, sku_id, date - getvariable('first_date') as day, quantity_on_hand as on_hand
  from read_parquet('{folder}/inventory_snapshot.parquet')
  where date between getvariable('first_date') and getvariable('last_date') {chosen};
"""

CELLS = """
create temp table pairs as
  select store_id, sku_id, (row_number() over (order by store_id, sku_id) - 1)::integer as pair,
         min(listed) as listed, min(snapshot) as first_snapshot
  from (select store_id, sku_id, min(day) as listed, null as snapshot from sales_file group by all
        union all
        select store_id, sku_id, min(day) filter (on_hand > 0), min(day) from stock_file group by all)
  group by store_id, sku_id;
create temp table sales as
  select (pair * {lookback} + day)::integer as cell, units from sales_file join pairs using (store_id, sku_id);
create temp table stock as
  select (pair * {lookback} + day)::integer as cell, on_hand from stock_file join pairs using (store_id, sku_id);
"""

UNKNOWN = """
create temp table closed as
  with days as (
    select store_id, days.day, opened.day is not null as is_open
    from (select distinct store_id from pairs) stores
    cross join range({lookback}) days(day)
    left join (select distinct store_id, day from sales_file) opened using (store_id, day)),
  around as (
    select *, max(day) filter (is_open) over (along rows between unbounded preceding and 1 preceding) as open_before,
              min(day) filter (is_open) over (along rows between 1 following and unbounded following) as open_after
    from days
    window along as (partition by store_id order by day))
  select * from around where not is_open;
create temp table unknown as
  select pair * {lookback} + day as cell, null::double as units
  from pairs cross join range({lookback}) days(day)
  where day < coalesce(listed, {lookback})
  union all
  select pair * {lookback} + day,
         coalesce(b.units, 0) + (coalesce(a.units, 0) - coalesce(b.units, 0))
           * (day - open_before) / (open_after - open_before)
  from pairs
  join closed using (store_id)
  left join sales b on b.cell = pair * {lookback} + open_before
  left join sales a on a.cell = pair * {lookback} + open_after
  where day >= listed and open_before >= listed and open_after - open_before - 1 <= {longest_gap}
  union all
  select pair * {lookback} + day, null
  from pairs
  join closed using (store_id)
  where day >= listed
    and (open_before >= listed and open_after - open_before - 1 <= {longest_gap}) is not true;
"""

WINDOWS = """
create temp table past as
  with imputed as (
    select range::integer as cell, (range // {lookback})::integer as pair, on_hand,
           case when unknown.cell is null then coalesce(sales.units, 0) else unknown.units end as units
    from range({lookback} * (select count(*) from pairs))
    left join sales on sales.cell = range
    left join stock on stock.cell = range
    left join unknown on unknown.cell = range),
  framed as (
    select cell, pair, units, count(units) over before as n, sum(units) over before as total,
           sum(units * units) over before as squares, max(units) over before as highest,
           min(units) over before as lowest,
           last_value(on_hand ignore nulls) over (partition by pair order by cell) as on_hand
    from imputed
    window before as (partition by pair order by cell rows between {window} preceding and 1 preceding))
  select cell, pair, units, on_hand, n, total, highest, lowest, total / n as mean,
         {sigmas} * sqrt(greatest(squares - total * total / n, 0) / (n - 1)) as reach
  from framed;
"""

TRIMMED = """
create temp table outside as
  select cell, pair, n, total, mean, reach + {tie} * (mean + reach) as bound
  from past
  where n >= {min_kept} and greatest(highest - mean, mean - lowest) > bound;
create temp table trimmed as
  with suspects as (
    select past.cell, past.pair, past.units
    from past
    join (select pair, min(mean + bound) as top, max(mean - bound) as bottom from outside group by pair) reached
      using (pair)
    where units > top or units < bottom)
  select o.cell, any_value(n) - count(*) as n, any_value(total) - sum(s.units) as total
  from outside o
  join suspects s on s.pair = o.pair and s.cell between o.cell - {window} and o.cell - 1
  where abs(s.units - mean) > bound
  group by o.cell;
"""

CASES = """
create temp table seen_to_sell as
  select distinct unseen.cell
  from (select pair, pair * {lookback} + day as cell from pairs cross join range({lookback}) days(day)
        where day < coalesce(first_snapshot, {lookback})) unseen
  join sales sold
    on sold.cell // {lookback} = pair and sold.cell between unseen.cell - {stock_days} and unseen.cell - 1
  where sold.units > 0;
create temp table judged as
  select distinct pair
  from past left join seen_to_sell inferred using (cell)
  where cell % {lookback} >= {lookback} - {active} and coalesce(on_hand > 0, inferred.cell is not null);
create temp table cases as
  with judged_days as (
    select cell, pair, units, coalesce(trimmed.n, past.n) as n, coalesce(trimmed.total, past.total) as total
    from past
    left join trimmed using (cell)
    left join seen_to_sell inferred using (cell)
    where pair in (select pair from judged) and coalesce(on_hand > 0, inferred.cell is not null)),
  dark as (
    select cell, pair, cell - row_number() over (order by cell) as run
    from judged_days
    where n >= {min_kept} and total > 0 and {ratio} * total / n - units > {tie} * {ratio} * total / n)
  select pair, min(cell) % {lookback} as first_day, max(cell) % {lookback} as last_day
  from dark
  group by pair, run
  having count(*) >= {min_dark};
copy (
  select store_id, sku_id, getvariable('first_date') + first_day::integer as first_date,
         getvariable('first_date') + last_day::integer as last_date
  from cases join pairs using (pair)
) to '{out}';
"""


def cases(folder: Path, out: Path, stores: int | None) -> None:
    """Write every case of the folder, or of its first stores."""
    chosen = f"and store_id <= {stores}" if stores is not None else ""
    numbers = {
        "lookback": LOOKBACK_DAYS,
        "window": WINDOW_DAYS,
        "min_kept": MIN_KEPT_DAYS,
        "sigmas": SIGMAS,
        "ratio": DARK_RATIO,
        "min_dark": MIN_DARK_DAYS,
        "longest_gap": LONGEST_GAP_DAYS,
        "stock_days": STOCK_FROM_SALES_DAYS,
        "active": ACTIVE_DAYS,
        "tie": TIE,
    }
    with duckdb.connect(config={"threads": THREADS, "preserve_insertion_order": False}) as con:
        for step in (SPAN, CELLS, UNKNOWN, WINDOWS, TRIMMED, CASES):
            con.execute(step.format(folder=folder, out=out, chosen=chosen, **numbers))


if __name__ == "__main__":
    compete(cases)
