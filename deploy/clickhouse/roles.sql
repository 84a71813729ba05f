-- Roles of the whole store. A row policy on a table hides its rows from whoever
-- has none there, if the server says so; these see every site.
CREATE ROLE IF NOT EXISTS bystander_writer{{on}};
CREATE ROLE IF NOT EXISTS bystander_eraser{{on}};
CREATE ROLE IF NOT EXISTS bystander_auditor{{on}};
{{range tables}}
GRANT{{on}} SELECT, INSERT ON {{name .}} TO bystander_writer;
GRANT{{on}} SELECT, ALTER DELETE ON {{table .}} TO bystander_eraser;
GRANT{{on}} SELECT ON {{name .}} TO bystander_auditor;
{{end}}
{{range things}}
CREATE ROW POLICY OR REPLACE bystander_every_site{{on}} ON {{name .}} FOR SELECT USING 1 TO bystander_writer, bystander_eraser, bystander_auditor;
{{end}}
GRANT{{on}} INSERT ON {{name "disposed"}} TO bystander_eraser;
GRANT{{on}} SELECT ON system.mutations TO bystander_eraser;
GRANT{{on}} SELECT ON system.parts TO bystander_eraser;
GRANT{{on}} SELECT ON {{name "schema_migrations"}} TO bystander_writer, bystander_eraser, bystander_auditor;
