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

-- The series of meter_values: where the values of a metering point are found.
CREATE TABLE IF NOT EXISTS series (
    metering_point text NOT NULL,
    source text NOT NULL,
    delivery_category text NOT NULL,
    PRIMARY KEY (metering_point, source, delivery_category)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS points_by_key ON points (receiver_key);

-- What the drops show, as it was last configured: another content is dropped whole.
CREATE TABLE IF NOT EXISTS dropped_as (only integer PRIMARY KEY, content text NOT NULL);
