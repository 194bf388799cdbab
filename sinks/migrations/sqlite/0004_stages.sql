-- waiting (for go-live), live, paused, retired; what was taken of the points file, and how often it has changed.
ALTER TABLE receiver ADD COLUMN state text NOT NULL DEFAULT 'live';
ALTER TABLE receiver ADD COLUMN points text NOT NULL DEFAULT '';
ALTER TABLE receiver ADD COLUMN generation integer NOT NULL DEFAULT 0;
ALTER TABLE receiver ADD COLUMN layouts text NOT NULL DEFAULT '';

-- Which values the receiver is given, and under which keys it knows them. '' stands for every category, granularity.
CREATE TABLE points (
    metering_point text NOT NULL,
    delivery_category text NOT NULL,
    granularity text NOT NULL,
    valid_from text NOT NULL,
    valid_to text NOT NULL,
    receiver_key text,
    kind text,
    facility_id text,
    generation integer NOT NULL,
    PRIMARY KEY (metering_point, delivery_category, granularity, valid_from)
) WITHOUT ROWID;

-- Up to which generation of the points everything before next_offset was delivered, or a pass delivers it.
ALTER TABLE positions ADD COLUMN generation integer NOT NULL DEFAULT 0;

-- Values that are read again beside the live feed: of points of later generations, or all of them.
CREATE TABLE passes (
    epoch text NOT NULL,
    topic_partition integer NOT NULL,
    next_offset integer NOT NULL,
    end_offset integer NOT NULL,
    after_generation integer NOT NULL,
    rewrite boolean NOT NULL,
    PRIMARY KEY (epoch, topic_partition)
) WITHOUT ROWID;

-- What persons did: sign-off, go-live, pause, resume, rewind, retire. at is ISO 8601 in UTC, detail is JSON.
CREATE TABLE journal (
    entry integer PRIMARY KEY,
    at text NOT NULL,
    who text NOT NULL,
    action text NOT NULL,
    detail text NOT NULL
);
