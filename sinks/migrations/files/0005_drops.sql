-- Rows of the view meter_values that stand in no finished drop as they are now; noted by triggers on the rows table.
CREATE TABLE IF NOT EXISTS changes (
    source text NOT NULL,
    metering_point text NOT NULL,
    delivery_category text NOT NULL,
    reading_at text NOT NULL,
    PRIMARY KEY (source, metering_point, delivery_category, reading_at)
) WITHOUT ROWID;

-- The drops so far. One is unfinished while its manifest is not known to be there: it is made again, before any row
-- changes. The newest is kept for ever, as the next one names it.
CREATE TABLE IF NOT EXISTS drops (
    number integer PRIMARY KEY,
    changed_rows integer NOT NULL,
    created_at integer NOT NULL,
    files text,
    manifest_sha256 text
);
