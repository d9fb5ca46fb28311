from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


# Completed by hand with the triggers: each act is written down in the transaction that it is done in, whoever does it,
# and all processes are told when that is committed.
async def upgrade(db: BaseDBAsyncClient) -> str:
    return """
        CREATE TABLE "fieldgate"."operation" (
    "id" UUID NOT NULL PRIMARY KEY,
    "created_at" TIMESTAMPTZ NOT NULL,
    "updated_at" TIMESTAMPTZ NOT NULL,
    "identifier" VARCHAR(200) NOT NULL UNIQUE,
    "digest" BYTEA NOT NULL,
    "text" TEXT NOT NULL,
    "retired_at" TIMESTAMPTZ
);
CREATE INDEX "idx_operation_digest_02d92a" ON "fieldgate"."operation" ("digest");
COMMENT ON TABLE "fieldgate"."operation" IS 'A document that frontends may name instead of sending it. It is every tenant''s, and grants nothing.';
        CREATE TABLE "fieldgate"."operation_event" (
    "id" UUID NOT NULL PRIMARY KEY,
    "action" VARCHAR(16) NOT NULL,
    "at" TIMESTAMPTZ NOT NULL,
    "operation_id" UUID NOT NULL REFERENCES "fieldgate"."operation" ("id") ON DELETE RESTRICT
);
CREATE INDEX "idx_operation_e_operati_3d3f0a" ON "fieldgate"."operation_event" ("operation_id", "at");
COMMENT ON COLUMN "fieldgate"."operation_event"."action" IS 'PUBLISH: publish\nRETIRE: retire';
COMMENT ON TABLE "fieldgate"."operation_event" IS 'What operators did with an operation, and when: written by a trigger, so there is no other way to do it.';
        CREATE FUNCTION "fieldgate"."operation_acted_on"() RETURNS trigger
            LANGUAGE plpgsql SET search_path TO pg_catalog, pg_temp AS $function$
        BEGIN
            INSERT INTO fieldgate.operation_event (id, operation_id, action, at)
            VALUES (gen_random_uuid(), NEW.id, CASE WHEN NEW.retired_at IS NULL THEN 'publish' ELSE 'retire' END, now());
            RETURN NULL;
        END
        $function$;
        CREATE TRIGGER "operation_published" AFTER INSERT ON "fieldgate"."operation"
            FOR EACH ROW EXECUTE FUNCTION "fieldgate"."operation_acted_on"();
        CREATE TRIGGER "operation_retired" AFTER UPDATE OF "retired_at" ON "fieldgate"."operation"
            FOR EACH ROW WHEN ((OLD."retired_at" IS NULL) <> (NEW."retired_at" IS NULL))
            EXECUTE FUNCTION "fieldgate"."operation_acted_on"();
        CREATE FUNCTION "fieldgate"."operations_changed"() RETURNS trigger
            LANGUAGE plpgsql SET search_path TO pg_catalog, pg_temp AS $function$
        BEGIN
            PERFORM pg_notify('fieldgate_operation', '');
            RETURN NULL;
        END
        $function$;
        CREATE TRIGGER "operations_changed" AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON "fieldgate"."operation"
            FOR EACH STATEMENT EXECUTE FUNCTION "fieldgate"."operations_changed"();"""


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """
        DROP TABLE "fieldgate"."operation_event";
        DROP TABLE "fieldgate"."operation";
        DROP FUNCTION "fieldgate"."operations_changed"();
        DROP FUNCTION "fieldgate"."operation_acted_on"();"""


MODELS_STATE = (
    "eJztXf1zmzga/lc0/mW7M2lmmyZpx3dzM07i3fo2jXOxu1/NDZVBsdlgyYtEXM9e//eTBB"
    "gDgoC/Algzu40NegV+XpD0Pu+H/m7RCXSRdXzp2AizVhv83cJwiviHxJkj0IKzWXRcHGBw"
    "5MimZtRmRJkLTdHTA3Qo4ocsRE3XnjGbYNG2A2bQZRi531Ewc8nYhdNj0GOAC1EA+X+AIv"
    "fJNhGYoukIuYA8ADZBgCEMMTsC8wmhCLjEQbytiwB0HH4eMmAzMIULYJFjcSMWMfmd2Hi8"
    "x2t62P7LQwYjY8SlXX7lz//lh21soa+Iiq+fW36Xhi0B5P/+V7SYPRoPNnKsGP5+E3ncYI"
    "uZPPbpU+/qR9lS/MSRYRLHm+Ko9WzBJgQvm3uebR0LGXFujDgAkCFrRTfYc5xAieEh/0fw"
    "A8z10PLureiAhR6g5wgNt/754GFTKBaIKxkesx16bJLpDLJjceTdv4L7XJExjJv+0Bh0h4"
    "bRSj0d4n4SygsOmQSLJ8vGTAD59ze/3wgdebQlLnD5oXP36u359xIPQtnYlScldq1vUhAy"
    "6ItKpUSQmy4SABmQpaG/4meYPUVq+OOSCTVYgehx+GEddYQHIn1EL1gIbgjfDgBv8R9o9b"
    "GzCB6EHAUMex+7g2Hn46243JTSvxyJX2fYFWdO5NFF4ugrX1+Ejx3+kLLsBPzaG34A4iv4"
    "o3/TTWp12W74R0vcE/QYMTCZG9BaeWbDoyFqvGWkdW9mran1uKTWelW0HmK0ovbg7iOt+y"
    "O9UW6UjQltc7B9YT1vMpxGkMq/KTQv+XpBjWbYPgEkv7EaQtiawq+Gg/CYTfjXkx9+yMH0"
    "l86dhJW3SrwAN8GpE/9cHF+K+DTDjAmkE8VIZY8RZWqgE4IJvEcLxu/tecSDsbQqgOfge/"
    "H7sNtJgDdz0ZNNPGqsjWJWDxpODgb6OrP5yLDGJJrf0xYm1foAXfE5NL10+nP+SNP6/veg"
    "f6PWddg+qVXbZOB/wLEpa5Q+BRAxVYbD+6uPnd+SI//ldf8iqSPRwUVyFjDJDJVCPZLQuK"
    "+POzfcOQ6K5eIFIQ6CWI39ilRynuBiu1rnhKb6nueJfv86BvtFb5gA+9PHi+7dqzdSB7yR"
    "zeTh3s0wCfba04mePuozfTiQMsOja9neSVmt6SprOkZ7FrW2Y0La2uZDpCCLHx6V3KUPVh"
    "reH4mL7DH+GS0kyD1+JxCbSrvbJ/yHy47qCWt0NHqlXThfMuzxx4r/fgs5yJ+HLjuDy85V"
    "tyVxHkHzcQ5dy8gAnCJK+R0qVmIXgeSPP98hB8qfkYn2wO+ltqNTCm2JHTkhK5jF0Eyfmp"
    "5Mk0cghmP5k8S1xZVCZxS/mjdF1keOGm/RUvmrEk2Och1XQWNjutK6gAsraC78RFB4lJ5s"
    "C7m+S8gkHkcIEP6OHQP+tiGXcRiFp8imYC5aWMjkzSkYITZHCAM2J74odF37CYHQf6TyY+"
    "3vwgpn1ucWF8fMZgsjvHTwFj3yh1DeraRPfKdWzO21sirTHi/t8arDdFJT34f2eB2i1ot4"
    "vMJBOu2e6WJvmlodxvQeylbZVdO66/7nEwepDVzEr0PZPe4MBt27Ya9/0waQyhmR4Ht83f"
    "+p/4k3c8iYeCw5yxZx77w5L+DdeZPUdeTcEafihEcwc6ZfxxyHRCSzpguiai9fSR9EhUii"
    "GiFZ8WErPVtlLTqLLxTV8ppRyGcUUrhtgVzoBX3ernRZT6yfpRmyHruyjMMu7ekrMuW/oK"
    "Uwo4MzR3nWsxW1ed5mxgC95s0d4EsFhmcQYgkoXFBhp9rCgp3jY9DBixGxFjK8kor/yT+4"
    "aess+D9hXCYwIQYTyA1XgTCyuLDCZN7fdZUWc4xskhgnjWNtDmtzuAbDXk0NI20OH6LWi5"
    "jDOloxilY8e1skWvHsbXa0ojgXt86ekGs/2Kb0f/BJ8RHhMmirpRuI/flpAejPTzORF6dU"
    "wK81niVEtU+9OuNXetoyJ8h8XG+xEpPUWq6ylnXkhI6cqAqlsVHkxC55jBStpGA0VNRTNr"
    "ehJL+epzl+5YY/WtILIt0UkZkTMAUij1TklS5EEukx4M8XGHQ+Xh+BL19sSj3kfvkSchH+"
    "xUHv6ghAbAkh3i0/hwnwk23TTMd+L/082eH3Kz75YkaY7aq5D8191Gt8rKkVrLmPQ9S65j"
    "5ePlOzXqEWLWJbZsnJqtXvXV22gZC8x2Ip0QYUTp3kquRlgimipUfRBzySaOAj/uaHkyIk"
    "k2iWDbI8GYc5WteVQDomtBbYFSMbklTqWSEq9SyHSj3LANpPkE2DfWFj6C5y4Y5Em5+tHO"
    "TzLadhjuxF76Zz9/sy+285F1/3b366UOT/KaONapT/tzyyCr3aZK1Y4h9/GtdbjsYENaVZ"
    "ncVn2ubgC5+x6kXKyWBeSugM5vUzmEWhhTDZKI58D2eEmK6KJKC3d0d1vkkC/maD6VmmCb"
    "0+eXP67vT92/PT97yJvLPlkXc5ekgPUHPo4rUGqJigHqAqPUBxS8aYIgYFWZbW8xB9zSq0"
    "kxRswgI3T7Pd34b5w1RsqRU2T45d8TcsxM/wXKeMZZGUawL2Sa7i9H0hsuL0fQ5bIU5mIL"
    "5+RH1GF3qcq/I4Z4qMGBllgzZQfXYvWvtV1j61x5j/VmNGHNtcrEtXpnvZI3G5TOpKs5fx"
    "U8lEscFt/2bQFZlidMY1jLJSxS76ww9tMCJsUg1mEzoOV7KHqUDbZqXpCKW8JiYKEBNz4d"
    "lG2HQXs/Kwp4U15gUwl7EXwvw0/MKrqlobebAr5TXyBZAPbtcg7piPFnbZ+LMM8Q0iNOqz"
    "DihRMFdUlDemcDYTl0rBm02HJeU2IsXWm3mj6JeRZzvMxvRYXO8lYl52wpWZDrSnhvhWqt"
    "RiQqwaihGXbYxidDysjodtRDzsyliTqEK1YUkxRQWshuAfN19NPtLKzKBNS7DxjoZhhlEj"
    "kfI3t4kS0R/RYuOydbLLMJaajwnNBU+X+dt3mb/+TCDk32kqjj86eZQXwE9izQrU9ONY8F"
    "ETM79CwINLMB/eLSorAYhbAHwpxRC0RO09ys/4xfXkPlI2BegJuYtl7L0fOj92oajIhwmb"
    "8Maqcn57uWaRbalWC/fpgHwdkF/xkbumodk6IP8QtV4kIN9PN+O/pFzUckxqO36X5wfaeo"
    "fm60J75QvtMfRVgVh2GEzYvhGx9PsOf3H58OyuNQHEJbXzvTrjvT/Npzi3IuQQX+SLn596"
    "FMpYn0uTqfuEGkXI7ccK9VHLM0WXuBawRw30VHiz5F+FWehLEpcCy7bA3GYTbumBZX++3T"
    "efINwGc9dm3B4Eo4VIBHft8Ri5R4CSWBY3EV/AnJuYjHALVFk2b58XLmKfRuj5pmWz6shL"
    "8/S0ZuYpNMNBZ52woUi6youE1u2ni+ve4EMbzLyRY9PJPb7jc8edjBwSk23yxXmhqKDSS4"
    "XG2oh1XyOsqjU56BUd0ZJy2uGZ7/CMUcUb+jxj7HQ9wX3W7Zl8vmKezzv+2N/1LocvVQro"
    "FrmUYOh0TBNR6vv1FEs3VbPc9dssEDCglIhqEhZcxUHgx6B9JwsNA78BBXRC5iGfjwWhDy"
    "hfcSHryK86LAryiH2GM1ZoW+i0yOor5ueO9kDn7T6LDDES1JJr0IpMew80j1y1NYP2Hhyi"
    "1ot4D6IhucQoGxPSS8SESaUrJB2CG+ZFnV0lnTB63/cX2vdd7zJ1CGSL3ov8UDS9YrGW1H"
    "NcUmu5ylrWeSI6T6QqhGll66YPzAmawgGD8m5SJOnq6aM8cpTKhgZdtnyWE+1jBFwyb4MJ"
    "mQN+fwswtcc+q0xFtDObIOBfiC9TxdZrE5sCQXaNIEWCvUwzotvp8nk+tBTLOZhCx8ksr6"
    "UcaNYsrPW8LZMqq7Utc9EvsfX25N35srqW+JJXWGvwsXN9HeYdZ7OYT8gtWbFsRWJ/Bct2"
    "aYtvoX5ZicCj3Y42YaKVcqxZycLKG2nCrK8yvhcMwv0cQJgEJZ0kVIavAJsBhhyHAo8COC"
    "Ieky4Sf/+EDZwze7hqae9N6LZR7k6qHTjagVOLMbGeVL524Byi1os4cLS3QXsbquVt0Kz3"
    "OkhWfNzRXOhhaln7Ng5F00qzLqXxPMtNLa+5cF2GSrsX6uteyB0jtoCxanPVhqKdNURWyq"
    "+TLs+kolyVRZxyuFdFHamC3h7PBbwxmEHbBTYGBCO5/yzgaGMkWbu24ENFMWkKXMQfCMqo"
    "zC8kM4TFprRB7dyoOLPKA7STy9zjezycIIDRnDf3hY9BJ8gAs+RVKLMdJ+hkLshf4Wxakr"
    "5Rtw+E3xg7Ah5/hBzw5QsmzIAPTOy/W5jPzXoAV2g/TeRqIrcOY25NKT1N5B6i1osQuSt7"
    "YaTVnl0wJSHWCFp333VTZq79xNERi5LcOv05m2VmdnEAZX92tGumrmZzCLTTchlbVskxwQ"
    "ZOdU1SsuYWX4YI03zNAfA1fnloJUmzrBydx8xEjQqF3goS47VgSB4kfeHngh4DGYBHBXkx"
    "pch5QhTwS6mC0HgL25VhaCgjEnfrV9i0UIE64k2cibakl1+pN5sRlxmylPLy6IpbW9c90G"
    "xLHRcjNbW7NdtyiFovwrbougdb92s/8rtPo1mspl8ou8cNQH1lpmeolePxxc/HrtgBrx2s"
    "R+7x5XWvezNsA38NcI9vu3eD/k3nug3Cgk/3ePDp9rZ/xxsFK4PkeqdIWOP2i/656IGrce"
    "InQxhioaQY+nLiG9XyazJdSW6lTqGOM76Us4lHjU0RfaajA4TWJWzNaTkuqdm/6szC6cUX"
    "PzkRtpW5pq5V8g1ciDVK5WapjSqC5mstDCr24iayFc7OimQrnJ1lZyuIc4ptjwVBsULrFE"
    "VaJds82M8KJYmc5SSJnKWTRCLovNGfyGTGOlkjOZ1saf6v7iimWgE4ZEw8JnfEXdcrm9lF"
    "8wHdkVO2YvkAeqLepdPO4W/N2slcCnGt8EorXCfuHYSadeLeIWnZRZCWswPSks2zAs5PCx"
    "gB56eZNoA4FV8YRZ7gFNTZDoWY0AYOhYphvR1/QgWDhhqJcypooQTGKlmNr8733AGkOt/z"
    "YPM9qzksbCd8kN8MuPl0fd1SrCa2gPblsqNmYhxbQRUANjZhbQHfgd/fT26xcaOmKKum+Q"
    "ywXygKliuN/9CsbOXo7FFuLKzfrnhycifKGWYiddfPDva3+QLShU9lOUbKyIyCoHvwYLuU"
    "gVdBlsr3MonYpuE+kcgKUnwxYRPRHCNkUeVWq/u//JZL3OqAVh3QqkMbdUCr1vrGAa2Pqv"
    "E1m+R7VA6wa8Zbvmhc2a6JPeiMiWuzybQMvDGhRuRk7zomVS4/TOPP+WMa5+x9quJSG+1V"
    "VTXAcwDeyWZVOgm+ivEWOgn+EJx1lUmC1zreqo5TnPULsSOrJJWKH0mQWDkMSZI+K8CRYO"
    "Dv+k7EXuNzuABcu0Rm9vpsdBtA+hgUOJvzNROAwHc9H8mqaLyliZbblQN+by554s1FLTQh"
    "AoF4tmXmr4Ih2fPFS2caB5XkdDawJk/qsw6qqRmtyZND1HoR8iScI8qY+KsyDbTw354UyZ"
    "PgrTJtfHkuac2UD0bbKAit2hjvJBcltqIoOYYlZRs4itV31FKk0gXLUWO0KLM8TIjpeK1v"
    "alTXSEeNi2qDvMpvj053OAw1cwjXeZdX5fSLXGUN6wBbHWBblUi5jfZrXyFm/RR8qvC/BZ"
    "I//nyHHLlDeTbaKwUgazk6pdD+tkuWPHg2Ffx49NRmM+PRK1KsjCbCDLkz16aoLXf8sPiK"
    "wmTEXXwn9hJh7iII6YMLueezi+TuzYKtBHZG3czNuhR7lXSAS+YiGHDu2oyJjaax7In/Hk"
    "yhz+7KPnyKUxbjBNScoCk8ApQATAJaXfThF+ZEvJcJdB7AFFqoMEfu92ms7Miu95jW9HhN"
    "5oqaEqWaHj9ErRehx6njjcuQtmH7xkUXnhbha0+z6drTFFurt+/e7fbd3CBhnmIZXawsaS"
    "S9x8Kkncth75duydVAINUG/l9ReXRw27256l61wfLjPb7qXvPR5OanNgg/JVeSLxP9KZYZ"
    "I0hLvQqrMg18HbY/1gSL6rJDTkJMD+rPAu0SB5WGOSakQS76NK+YiHGkezijzl5aMIG2XU"
    "uGit8v//P65M3pu9P3b89P3/Mm8kaXR97lqKB3M0zi65NHhqzjRRG/mqWYR7NRzhBfC+uK"
    "0VO7ghqOKMePbQK3qgsNuQ95iWjcZCb+hkRs4Sz8qg0qmURsbPFGpvzUhhBdyU6aClGqFM"
    "SGaDV4E654UlKwk4LhJ7X7ZfE3xO426LMju5S7SjUVPmra061gNuAdNRupPTvc6gnSavbH"
    "plCVK5xSG7y276H89n+igJDr"
)
