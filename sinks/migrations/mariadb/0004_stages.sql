-- waiting (for go-live), live, paused, retired; what was taken of the points file, and how often it has changed.
ALTER TABLE receiver ADD COLUMN state varchar(255) NOT NULL DEFAULT 'live';
ALTER TABLE receiver ADD COLUMN points varchar(255) NOT NULL DEFAULT '';
ALTER TABLE receiver ADD COLUMN generation integer NOT NULL DEFAULT 0;
ALTER TABLE receiver ADD COLUMN layouts text NOT NULL DEFAULT ('');

-- Which values the receiver is given, and under which keys it knows them. '' stands for every category, granularity.
CREATE TABLE IF NOT EXISTS points (
    metering_point varchar(255) NOT NULL,
    delivery_category varchar(255) NOT NULL,
    granularity varchar(255) NOT NULL,
    valid_from datetime(6) NOT NULL,
    valid_to datetime(6) NOT NULL,
    receiver_key varchar(255),
    kind varchar(255),
    facility_id varchar(255),
    generation integer NOT NULL,
    PRIMARY KEY (metering_point, delivery_category, granularity, valid_from)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

-- Up to which generation of the points everything before next_offset was delivered, or a pass delivers it.
ALTER TABLE positions ADD COLUMN generation integer NOT NULL DEFAULT 0;

-- Values that are read again beside the live feed: of points of later generations, or all of them.
CREATE TABLE IF NOT EXISTS passes (
    epoch varchar(255) NOT NULL,
    topic_partition integer NOT NULL,
    next_offset bigint NOT NULL,
    end_offset bigint NOT NULL,
    after_generation integer NOT NULL,
    rewrite boolean NOT NULL,
    PRIMARY KEY (epoch, topic_partition)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

-- What persons did: sign-off, go-live, pause, resume, rewind, retire. at is ISO 8601 in UTC, detail is JSON.
CREATE TABLE IF NOT EXISTS journal (
    entry integer PRIMARY KEY,
    at varchar(40) NOT NULL,
    who varchar(255) NOT NULL,
    action varchar(255) NOT NULL,
    detail longtext NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;
