-- The numbers of each chain in blocks of 65,536, so that whether a chain is whole
-- can be told without reading all of its rows: a whole block is one run, however
-- long. The server keeps them with each part of the table itself, and so they are
-- true of the rows that are there, also after rows were merged or deleted.
-- Parts made before are read as they were until the server has come to them.
ALTER TABLE {{table "skeleton"}}{{on}} MODIFY SETTING deduplicate_merge_projection_mode = 'rebuild';
ALTER TABLE {{table "skeleton"}}{{on}} ADD PROJECTION IF NOT EXISTS blocks
    (SELECT chain_id, intDiv(seq, 65536), groupBitmapState(seq), count() GROUP BY chain_id, intDiv(seq, 65536));
ALTER TABLE {{table "skeleton"}}{{on}} MATERIALIZE PROJECTION blocks;
