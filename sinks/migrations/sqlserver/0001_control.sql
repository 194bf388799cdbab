-- Whose tables these are: a database (schema) holds one receiver.
CREATE TABLE receiver (name nvarchar(100) COLLATE Latin1_General_100_BIN2 NOT NULL PRIMARY KEY);

-- The generations of topics delivered here. One is live: the view meter_values shows its rows.
CREATE TABLE epochs (
    epoch nvarchar(100) COLLATE Latin1_General_100_BIN2 NOT NULL PRIMARY KEY,
    topic_id nvarchar(100) COLLATE Latin1_General_100_BIN2 NOT NULL,
    rows_table nvarchar(128) COLLATE Latin1_General_100_BIN2 NOT NULL UNIQUE,
    live bit NOT NULL
);

-- The next record to read. Moved by compare-and-set in the transaction that writes the rows.
CREATE TABLE positions (
    epoch nvarchar(100) COLLATE Latin1_General_100_BIN2 NOT NULL,
    topic_partition int NOT NULL,
    next_offset bigint NOT NULL,
    points nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL,
    filled bit NOT NULL,
    PRIMARY KEY (epoch, topic_partition)
);

-- Rows that this database did not take; the dead letter holds each whole.
CREATE TABLE refused_rows (
    epoch nvarchar(100) COLLATE Latin1_General_100_BIN2 NOT NULL,
    topic_partition int NOT NULL,
    record_offset bigint NOT NULL,
    dead_letter_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL,
    reason nvarchar(max) COLLATE Latin1_General_100_BIN2 NOT NULL,
    refused_at datetime2(6) NOT NULL,
    PRIMARY KEY (epoch, topic_partition, record_offset)
);
