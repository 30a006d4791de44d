SET lock_timeout = '2s';
ALTER TABLE notes ADD COLUMN author text;
