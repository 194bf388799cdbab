-- Whose tables these are: a database (schema) holds one receiver.
CREATE TABLE receiver (name text PRIMARY KEY);

-- The generations of topics delivered here. One is live: the view meter_values shows its rows.
CREATE TABLE epochs (
    epoch text PRIMARY KEY,
    topic_id text NOT NULL,
    rows_table text NOT NULL UNIQUE,
    live boolean NOT NULL
);

-- The next record to read. Moved by compare-and-set in the transaction that writes the rows.
CREATE TABLE positions (
    epoch text NOT NULL,
    topic_partition integer NOT NULL,
    next_offset bigint NOT NULL,
    points text NOT NULL,
    filled boolean NOT NULL,
    PRIMARY KEY (epoch, topic_partition)
) WITH (fillfactor = 50);

-- Rows that this database did not take; the dead letter holds each whole.
CREATE TABLE refused_rows (
    epoch text NOT NULL,
    topic_partition integer NOT NULL,
    record_offset bigint NOT NULL,
    dead_letter_id text NOT NULL,
    reason text NOT NULL,
    refused_at timestamptz NOT NULL,
    PRIMARY KEY (epoch, topic_partition, record_offset)
);
