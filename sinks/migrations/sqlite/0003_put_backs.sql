-- Records that an operator asks the worker to take once more (meterstream dead-letters replay); it removes what it took.
CREATE TABLE put_backs (
    epoch text NOT NULL,
    dead_letter_id text NOT NULL,
    topic_partition integer NOT NULL,
    record_offset integer NOT NULL,
    record_key blob,
    record_value blob,
    record_headers blob NOT NULL,
    PRIMARY KEY (epoch, dead_letter_id)
) WITHOUT ROWID;
