from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


# Written by hand. Processes are told, when it is committed, that the authorization version is another one and that a
# company changed: the names of things only, since whoever listens has to decide for each viewer what to make of it.
#
# A member who may not sign in any more, or as whom somebody else signs in now, loses their sessions in the same
# transaction. Sessions are in the shared schema, which the tenant's role may not touch: the function runs as its owner,
# finds the tenant by the schema that the trigger is in, and takes nothing else from whoever caused it.
async def upgrade(db: BaseDBAsyncClient) -> str:
    return """
        CREATE OR REPLACE FUNCTION "authorization_changed"() RETURNS trigger
            LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $function$
        BEGIN
            UPDATE authorization_state SET version = nextval('authorization_version');
            PERFORM pg_notify('fieldgate_authorization', TG_TABLE_SCHEMA);
            RETURN NULL;
        END
        $function$;
        CREATE TRIGGER "authorization_changed" AFTER DELETE OR TRUNCATE OR UPDATE OF "id" ON "member_group"
            FOR EACH STATEMENT EXECUTE FUNCTION "authorization_changed"();
        CREATE TRIGGER "authorization_changed" AFTER INSERT OR DELETE OR TRUNCATE OR UPDATE ON "group_membership"
            FOR EACH STATEMENT EXECUTE FUNCTION "authorization_changed"();
        CREATE FUNCTION "member_ended"() RETURNS trigger
            LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $function$
        BEGIN
            UPDATE fieldgate.session SET revoked_at = now(), revoked_reason = TG_ARGV[0], updated_at = now()
            WHERE tenant_id = (SELECT id FROM fieldgate.tenant WHERE schema_name = TG_TABLE_SCHEMA)
                AND member_id = OLD.id AND revoked_at IS NULL AND expires_at > now();
            RETURN NULL;
        END
        $function$;
        CREATE TRIGGER "member_deactivated" AFTER UPDATE OF "active" ON "member"
            FOR EACH ROW WHEN (OLD."active" AND NOT NEW."active")
            EXECUTE FUNCTION "member_ended"('member_inactive');
        CREATE TRIGGER "member_deleted" AFTER DELETE ON "member"
            FOR EACH ROW EXECUTE FUNCTION "member_ended"('member_deleted');
        CREATE TRIGGER "member_linked_otherwise" AFTER UPDATE OF "identity_provider_id", "subject" ON "member"
            FOR EACH ROW WHEN (
                OLD."subject" IS NOT NULL
                AND (OLD."identity_provider_id", OLD."subject")
                    IS DISTINCT FROM (NEW."identity_provider_id", NEW."subject")
            ) EXECUTE FUNCTION "member_ended"('member_linked_otherwise');
        CREATE FUNCTION "company_changed"() RETURNS trigger
            LANGUAGE plpgsql SET search_path FROM CURRENT AS $function$
        BEGIN
            PERFORM pg_notify('fieldgate_change', concat_ws(
                ':', TG_TABLE_SCHEMA, 'Company', CASE WHEN TG_OP = 'DELETE' THEN OLD.id ELSE NEW.id END, lower(TG_OP)
            ));
            RETURN NULL;
        END
        $function$;
        CREATE TRIGGER "company_changed" AFTER INSERT OR DELETE OR UPDATE ON "company"
            FOR EACH ROW EXECUTE FUNCTION "company_changed"();"""


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """
        DROP FUNCTION "company_changed"() CASCADE;
        DROP FUNCTION "member_ended"() CASCADE;
        DROP TRIGGER "authorization_changed" ON "group_membership";
        DROP TRIGGER "authorization_changed" ON "member_group";
        CREATE OR REPLACE FUNCTION "authorization_changed"() RETURNS trigger
            LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $function$
        BEGIN
            UPDATE authorization_state SET version = nextval('authorization_version');
            RETURN NULL;
        END
        $function$;"""


MODELS_STATE = (
    "eJztXW1z2rgW/isavrQ7w2aalya97J07A4R26SaQAdLubnPHI2wFtDESa8lhubv971fyG3"
    "4FO7wEjL60RtaRnEfHx+c8OpL+rnBEIOEnddvAvPWMCK/UwN8VAidIXKTcrYIKnE4X92QB"
    "h0PTqQ5lPQ0FFYeMW1CXTT5CkyFRZCCmW3jKMSVS4OsYcjCDDBiUiNvDOZiN6aQKOBUXkJ"
    "+AwRgBt6M3DFjURAAaBgOQGMBCUFw5nbGfAOZAhwQQhPkYWUAfQzJCgFBL1JvQZwREByfy"
    "oQyqi6fCZPRK/dsE/2kjjdMRkjXFU3z7ryjGxEB/ISZ/fqtABz5sVMSdbxVmD/9AOtfE71"
    "CpwJVaoTLZyPRJe8TINCJj6FZxyjU+nzpl9/ft649OTYnIUNOpaU/IovZ0zseUBNVtGxsn"
    "UkbeGyGCLMiRERpWYpumpwR+kft3igJu2Sj4A41FgYEeoW1K5aj8+9EmutQJIHvSbI5Ndq"
    "LTyVQMgSy5+o/3nCEZTet0B1q/NdC0SkKx5PPExtor0imRSonFoEmUvrvtLtBxSiuyg+bP"
    "9d7b88sfHDwo4yPLuelgV/nuCEIOXVFn3BaQu+MXhfxaQMbxBKXD7krEYDc8kRP/4iXw+w"
    "UL/Bfvog+mD9cWAK7I16RLzLk38EsAH7RvW/1B/fZOdjdh7E/Twa0+aMk7Z07pPFb61h0f"
    "KsyMa4KCRsDX9uBnIH+C37udVnwUg3qD3yvymaDNqUboTBPv90JH/VIfNVEzNMrOG/gkgE"
    "2OdnMMrRaxJ85otwUikOgoOeqRFmKjL1Dcn/Gu3LZuG61eDUzQZIisB9K8abc6gxrQTSwM"
    "4APp39/ddXuigNnTKbVESftaVGgPftPuet0v4ocQxoaoi/lcm1r0WfwQ7XTvWr36oCtu0q"
    "n8O6koq3e6nd9uu/f9mjC0lMwn1GZx052hbRP4l2YiMuJj8fP8bIm2fan33Df8LKZBHe/O"
    "mXPre8qQF7OoYZk17KqnkfvyXq9jOBd4+mOe/gKl4xmWedErs2dIxnX2XS6lfbdEa9+lqK"
    "18qAIgLyT22Sq9EOPLixwQX15kIixvRQH2XbTsj0E6zHG58unz9rAuZoWjUsoORzE1EIfC"
    "504C+rnf7aQDGhKJu61Y5+AfYGLGt2UqQhHD0MYmx4SdyG5fI06QEEU8Vl95397Wf43rdf"
    "Om24iPh2ygERsQCwkwWLqSZ5uTqJQyJunGREbKj0+hwE0WDKH+NIOWoSXu0DOaVTd5a3I2"
    "iZdAAkcOcPIvlM8fkCpieCz8Pygx6XMxJJVU6iVRq7qcggnV11ggsJKK6RIELDoTGjBG4l"
    "Gllw/oo0dkMMCoELRcYoSCCZwDw+VIACZCBDOPJklyLJtq+IE8kIGFRyNkMUCJ05zzZ4sa"
    "srqBdBFSOEQMtQkH9rQqGydU/BblU8jHDkXzSK0R4qLDE9B6RtZcqDwkzHV4gEM6iPdSNP"
    "NAZliIyG5ENYadLkU/skCHpomsNwyMhCxnYIYs8UciRs1nZADIqw5DBIGBHx/FLRH7icBJ"
    "9FLzK8lWJgCOhKLnZIUK8Tv9iXjANuEFOB5MXmStV7M7p9syDSPZ/4/nZ1eXH8Rd5/Hkj6"
    "slNqJ/W7+5aXcGK/gbb7yTuDbwKBPVkNBmoM1jercM7r/Ozs7Pr87enV9+eH9xdfX+w7sA"
    "6uStZcA32p8k7BG77I7DnljjBiRPdd2xHGlmOHx7qf0diooaDNXMwYFL4wFd00PmQFi8KR"
    "T+aApZnV0xxX58q3gVfZJYPJpLE0e45lglxSTvFZOsW0gCpBVnlKOSilk+JGbZnhovHPWo"
    "pBr1fRl1H6PQsHtPn8PrOCqX4+z04uriw/nlReBpBCXLHAzfqVvAOaamgQoxywuJEpKeZ+"
    "/yEMuiVmb07NyLYuz4FAUQ9uuXEN/zPNzEeTY3cZ4gOodYL4KtV718rM/paQ5kT08zkZW3"
    "osjqtiWD8nkReMMyZVTfPNqbrbwJhCNRRd6QISq1ydDhYFn6RHicwDgJ8EdqITwiv6B5Iv"
    "0ghqkX3TYXLR0msIvShTGz4CyIYWOaJRAwkIm4+8rX+836davy/XWIBx/7FNIhNCzZhENI"
    "C1ZzDXUwtBkmiDGg24zTieRiLSdnw8TiOiA43Y4Ah09Ikq0noM3BEJmUjJikailBQm4EhB"
    "rwKpiNsT72+Fcm8+L0cZK92G3XebLsRCuabCWWWCf5XxIvdEYm9FsS625Sil8Sjbf90kdq"
    "iy4NbY6gFS6Xk2Oi2PXdQ03I/EkTT3DQiCJjFBlzAHb4QMNyRcYc46grMmbnZIyFvHnQIi"
    "FXRGgjce3qj9aB5TKEMfZ9lLzw+vVLGM1uhewy0QiaWlGUo1LlY2e2AvXCvX5JWv1Ceneq"
    "Xbnrdft3reagoEsbyNWAf/VAup1Gt967bnc+1cDi+oHUm4P2l1YNuP/LpHsh0LluXddAcC"
    "lT87t9WeT+Hw/EcjFul3kYt/jXOcS4XSYGFOkF07wXEuV7Z05zvTOnS96Z0xQunhgirrYK"
    "kZphGQVzLphnaMgwL/QJCImUD+St2P84bVIkuy0u+yJnfN8gXzfXLQktocWUOC6nNDmf0x"
    "gm+pLkQYbPGBZaxhscHuRLEJZhfww9LsanWAr8QqJ8Crr59YzPkGtuSnYRjKNSCufVOJsI"
    "F4sZcTmRzbW4ccnaxuTSRh0/FUHWq14+ZE/zubpLPN3EolHDsBBjmugToRTue8ni0YRk+f"
    "DeirPgA6djXiiMi8uVD+6thHI+bBYaFV0enZBUkBeCXM7WQFOTK7NegntMvHzgb/5DGdgI"
    "uTKlGEuUIlpCxPMAno13wi+J5XLEQj+k4wk0M5MFIqLxANCVPfHaODzcl4WArWb7tn4j1L"
    "fqYs3+NLGbpuWPwUXSBXTxelFSZ1K0fJq94dROC7MnjenUSrHcy5m5qKTi5aJb4USz0fIm"
    "dsXEVM5sDNZINl9eUCNCaq+QpVnIvgIm8S2chty1RvdeS4epqyvTkGNvayQPudfqD3rt5q"
    "CSor8bADd/jvd+au1KbCMvbQay2SneoWU3oRXcKSkIDU/84y89ZMKMXbLSV42XRKnjuzEx"
    "bGBoYbQmWKVT0NiCGMKhvq5CNd1WyqpMlAypQEK0o+mQratQ3aC1pmisTJhtdz2Kq2Kp61"
    "EC7Vu2HmVRKcd6lCmyGCUA8sXGFmlrR7Kq5VnnoXa4eG33UQqqRRXHkl6vFlUc46irRRU7"
    "X1TxKHopnI8eEVKp//kmZv+gQ41jbhZCOiJUPlp5K0CjCcRmEZADgfIBvJWtwKcCpEJaHA"
    "iUEeBN53mpbS/Uthf7xInu77YXnyxqT2+dw0TYGE8rKXRDvEp1Ge0wkpW1SbR2Dv7BlQhv"
    "MAGB01YaC7G8cuoenO5zufi74prPQERIisW9quIoXsPiVBVHcUTRquIojnHUFUexc44i/P"
    "3L+80KyyhvOAZoxFHIi2hESEG6PMBw1G8D4YXrun7yWztMaFeGGOGXNT3ASGrvxsAtMa6R"
    "V3afIjcP+ZSAbTEm2XHaQgEKzA7Tx9DOgO6hvP5RksA/ShIwxLk8DEYeIyNqzwG0UA289e"
    "9XgXcE2A9VQJD4ZgNIAPpR0odLJpx30XNq3Jg4KtPTBK+plAgyYzvDCN/vF2a1jv7iyCLQ"
    "1FQEqiLQAzGoBxqLqAj0GEddRaA7j0DXOaB790dzV1zHI/l1CpXHNhBr9frdTs3zWB5Iv9"
    "X70m62asItsZ6x90e9+gZgO57YfYHPcNjzuioXZGeL9IVf+ZwCc4NSE0GSsYQ2EIrBPBRS"
    "28LZV/HdermNbvcm8qVttGMH/3XubxstYT9iKzyTpjsrTMkfeqTLqyVdqUdqFzEdIZHyJY"
    "acvX+fx268f59tN+S92BcwFFsX+Q5GxRTYucC2hfNT+HMYESof0FvxO9SyZbXIds+Y83yL"
    "bPMsBY0nFa25IC0loakkQ7BPq/j2zAbngswSoYMGGRNv8gStvey4J1qrB42VCLLtT2u5s7"
    "WZc1vBZO6qCS4tmERePc3lWQQ5fTQJzTa9YSlTTVyy+QxAEz+hE1AHUnGAqzjIkAmJmMtz"
    "wcfiTwbDOZDnYXlzWJPkLNcuO86zUNPAbGrCuZqtUrNVat5iv+Yt1GzVMY66mq3a+WxV/B"
    "uYl7uIy5WRzVes3IGDrfj8HbJHeQgORW2oOH0LkG0zTo/xQSmhepIxyo7WY1xVvoBdZoHO"
    "4FzGt/I0am+RpYh1xUswEmFv0GYy5C4m+rLdjfzzqSMxtCHaSZw2HXK6/VIvpEdqJaKKrA"
    "/LgB9ojKUi62McdRVZ7zyyLrx/z3p79+zdi7KbU3szEM53aO+O0a5c9+ofCx/Y6wjVgPOf"
    "PIK3cdseDNwjeL3LB9LuaL3Wl3braw0Elw+kfnfX636RVf2rB9JrfW41HXH/6oFIyyKa/9"
    "qpgeAy7km+ThbvwotMfoQyeKlA4pjPMdRNyl7mtYUFN/D5PhwU9/xrnXTSYpFT3rAoJqao"
    "LLWjltpRa3+4rOoLdtRKswobADf3kvf9NAQroY1Zwgi24hlA5/7m5rUWvftZk2l04yKhcg"
    "nPGErgzLPwnVADRRefv2GAzggYYzHylj6eJ5NwxshCYEzFnwMeqeWIzsayBrOH8iTOtGXu"
    "W+snD3UZObHDJyDDyT+KeVTM4wF8Ow6Ug1LM4zGOumIed848Fs3lKXMOzzZ4R3XG35YDxI"
    "0dQpd/8dF+wrqzQ+jcMHOHZ6rtm9nIlY7jpS+th1HpdpKL8mdjbBpCJ9fDqHTvrcrqKg7Z"
    "NvkVCVolhVxxyqvLmBXLr5GHVRGNG3K7Pkl5TJE1wUx6rUxyHEMbm/xHTFyyg8MnxADmLF"
    "wNPFreQimdGqKD4dyp8YRSj6zbbmer+RVFnijy5AC+YgcaRivy5BhHXZEnu9++D6VMTGZz"
    "J1710m0ad3mRgze5vMikTeQtxUrtkpVyfDwNp0Vey3aKC4vtcK+4oORgN4sL+c5JyD/3u5"
    "0MHjAqFv/WYp2Df4CJ2dYMccjZdcYeixBB9vcaLq6EKTIcvoa/va3/Glf+5k23Ef9+ygYa"
    "L12N9noh+L6Zp1y0BSa6aRvCS0y1MQXhasvGfC+ktGhlWAcF1g7ondALmUH0RF/Z5ZRPiK"
    "/Ly/64bHEVUCvYnsY7vq/qpbNAl4/BRJ7QQK0RkCk74toA0DSdY/9mAPOfgDzEYT5z8mDE"
    "vwQQ6tbEzGV9ss8O3FnvqYdKRM4UcVD0JipCO6Y5STjhQ12y6iXSeUIV/XZSzqRQtJSipQ"
    "7ATB4oQaFoqWMcdUVLHdO5hvs5X7jmOo9XPdawlIi++s7MpUQ15OTmRTQkolYiLU802/3x"
    "kPuppJs4HTLxtdoYrHmPND1QbIudaOrnn6yJrJ/ocphWYCWmYRIhPSsy7dO1AVxLl7kWR3"
    "bZbvevfFJslCrNIP0iXOoKzg9H6uag/Nz0qjHkHsXmUGd8LHAHkFBJjLlVnLtprF3xBlKJ"
    "tzA1FrD2SQ5NcWOKGzsAo3+gLInixo5x1BU3tnNuLPyJK/LZioqpWFlRDzukHlQct04clx"
    "oa+y+0gnUVrDHTV3jh4OajuO//B5OZd0o="
)
