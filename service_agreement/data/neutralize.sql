-- A copy of a database tells nobody what happens in it.
UPDATE service_webhook SET active = false;
