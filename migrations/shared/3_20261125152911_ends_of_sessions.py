from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


# Written by hand. Whatever ends what a session rests on ends the session in the same transaction, so that no code path
# can forget to, and every end is told to all processes when it is committed. What is deleted revokes its sessions
# before the foreign key lets go of them: a row that is gone could not be told of to whoever asks later.
#
# The indexes: a domain is proved by one tenant at most; and a unique constraint takes each NULL for a different value,
# while a tenant has one SAML connection to an issuer.
async def upgrade(db: BaseDBAsyncClient) -> str:
    return """
        CREATE UNIQUE INDEX "domain_verified" ON "fieldgate"."domain" ("name") WHERE "verified_at" IS NOT NULL;
        CREATE UNIQUE INDEX "identity_provider_without_client" ON "fieldgate"."identity_provider" ("tenant_id", "issuer")
            WHERE "client_id" IS NULL;
        CREATE FUNCTION "fieldgate"."session_ended"() RETURNS trigger
            LANGUAGE plpgsql SET search_path TO pg_catalog, pg_temp AS $function$
        BEGIN
            PERFORM pg_notify('fieldgate_session', NEW.id::text);
            RETURN NULL;
        END
        $function$;
        CREATE TRIGGER "session_ended" AFTER UPDATE OF "revoked_at" ON "fieldgate"."session"
            FOR EACH ROW WHEN (OLD."revoked_at" IS NULL AND NEW."revoked_at" IS NOT NULL)
            EXECUTE FUNCTION "fieldgate"."session_ended"();
        CREATE TRIGGER "session_ended" AFTER UPDATE OF "revoked_at" ON "fieldgate"."personal_access_token"
            FOR EACH ROW WHEN (OLD."revoked_at" IS NULL AND NEW."revoked_at" IS NOT NULL)
            EXECUTE FUNCTION "fieldgate"."session_ended"();
        CREATE FUNCTION "fieldgate"."sessions_end"() RETURNS trigger
            LANGUAGE plpgsql SET search_path TO pg_catalog, pg_temp AS $function$
        BEGIN
            EXECUTE format(
                'UPDATE fieldgate.session SET revoked_at = now(), revoked_reason = $1, updated_at = now()'
                ' WHERE %I = $2 AND revoked_at IS NULL AND expires_at > now()', TG_ARGV[0]
            ) USING TG_ARGV[1], OLD.id;
            RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
        END
        $function$;
        CREATE TRIGGER "sessions_end" AFTER UPDATE OF "status" ON "fieldgate"."tenant"
            FOR EACH ROW WHEN (OLD."status" = 'ACTIVE' AND NEW."status" <> 'ACTIVE')
            EXECUTE FUNCTION "fieldgate"."sessions_end"('tenant_id', 'tenant_not_served');
        CREATE TRIGGER "sessions_end" AFTER UPDATE OF "enabled" ON "fieldgate"."identity_provider"
            FOR EACH ROW WHEN (OLD."enabled" AND NOT NEW."enabled")
            EXECUTE FUNCTION "fieldgate"."sessions_end"('identity_provider_id', 'identity_provider_disabled');
        CREATE TRIGGER "sessions_end_first" BEFORE DELETE ON "fieldgate"."identity_provider"
            FOR EACH ROW EXECUTE FUNCTION "fieldgate"."sessions_end"('identity_provider_id', 'identity_provider_deleted');
        CREATE TRIGGER "sessions_end" AFTER UPDATE OF "enabled" ON "fieldgate"."client"
            FOR EACH ROW WHEN (OLD."enabled" AND NOT NEW."enabled")
            EXECUTE FUNCTION "fieldgate"."sessions_end"('client_id', 'client_disabled');
        CREATE TRIGGER "sessions_end_first" BEFORE DELETE ON "fieldgate"."client"
            FOR EACH ROW EXECUTE FUNCTION "fieldgate"."sessions_end"('client_id', 'client_deleted');
        CREATE TRIGGER "sessions_end" AFTER UPDATE OF "ended_at" ON "fieldgate"."support_grant"
            FOR EACH ROW WHEN (OLD."ended_at" IS NULL AND NEW."ended_at" IS NOT NULL)
            EXECUTE FUNCTION "fieldgate"."sessions_end"('support_grant_id', 'support_ended');
        CREATE TRIGGER "sessions_end_first" BEFORE DELETE ON "fieldgate"."support_grant"
            FOR EACH ROW EXECUTE FUNCTION "fieldgate"."sessions_end"('support_grant_id', 'support_ended');"""


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """
        DROP FUNCTION "fieldgate"."sessions_end"() CASCADE;
        DROP FUNCTION "fieldgate"."session_ended"() CASCADE;
        DROP INDEX "fieldgate"."identity_provider_without_client";
        DROP INDEX "fieldgate"."domain_verified";"""


MODELS_STATE = (
    "eJztXWtv27Ya/iuEv6wD0mBNk7TwOTiAk7idzxI7i93dmkGlJcbWIlOeSMU1dvrfD0lJ1o"
    "1SJN8iyQS2xpb4UvLzSrw87+2fFplCBxnHl5aJMG21wT8tDGeIfUicOQItOJ+Hx/kBCseW"
    "aKqHbcaEOlDnPT1AiyB2yEBEd8w5NW3M23bAHDoUI+c7AuaOPXHg7Bj0KGBCBED2HyDIeT"
    "J1BGZoNkYOsB8AnSJAEYaYHoHF1CYIOLaFWFsHAWhZ7DykwKRgBpfAsI/5jRi2zu7ExJM9"
    "XtPF5t8u0qg9QUzaYVf+/Cc7bGIDfUWEf/3c8rrUTAEg+/dP3mL+qD2YyDJi+HtNxHGNLu"
    "fi2KdPvasPoiX/iWNNty13hsPW8yWd2njV3HVN45jL8HMTxACAFBkR3WDXsnwlBoe8H8EO"
    "UMdFq7s3wgMGeoCuxTXc+veDi3WuWMCvpLnUtMixbs/mkB7zI+/+499nREbT+oORNuyONK"
    "2Vejr4/SSU5x/SbcyfLBNTDuQ/37x+Q3TE0Ra/wOWPnbtXb8+/F3jYhE4ccVJg1/omBCGF"
    "nqhQSgi57iAOkAZpGvordoaaMySHPy6ZUIPhix4HH9ZRR3Ag1Ef4ggXgBvDtAPAW+4HGAF"
    "tL/0HIUcCod9Mdjjo3t/xyM0L+tgR+nVGXnzkRR5eJo688fdls7PCGlFUn4Nfe6EfAv4I/"
    "Bv1uUqurdqM/WvyeoEttDdsLDRqRZzY4GqDGWoZad+fGmlqPSyqtV0XrAUYRtft3H2rdG+"
    "m1cqNsTGibg+0L63mT4TSEVPxNoXnJ1gtyNIP2CSDZjdUQwtYMftUshCd0yr6e/PBDDqa/"
    "dO4ErKxV4gXo+6dOvHNxfAli0wzVppBMJSOVOUGEyoFOCCbwHi8pu7fnEffH0qoAnoPvxe"
    "+jbicB3txBT6btEm1tFLN6UHAyMNDXuclGhjUm0fyetjCp1gfois+h6aXTX4tHktb3f4eD"
    "vlzXQfukVk2dgv8ByyS0UfrkQMRUGQzvr246vyVH/svrwUVSR7yDi+QsoNtzVAr1UELhvj"
    "7ubOPOcJAsFy9s20IQy7GPSCXnCSa2q3VOsFXf8zwxGFzHYL/ojRJgf7q56N69eiN0wBqZ"
    "VBzu9UdJsNeeTtT0UZ/pw4KEai5Za++dlFWarrKmY7Rn0d12TEjtttkQycnih0cpd+mBlY"
    "b3g+0gc4J/QksBco/dCcS6dN/tEf6jVUf1hDU8Gr7SDlysGPb4Y8V+v4Es5M1Dl53hZeeq"
    "2xI4j6H+uICOoWUAThAh7A4lK7ELX/LDT3fIguJnZKI99Hqp7eiUQltgZ5/YEcxiaKZPzU"
    "5mySMQw4n4Sfza/EqBMYpdzZ0h44ahxlq0ZPaqRJOjXMOV31ibRVoXMGH5zbmdCHKL0pNp"
    "IMczCem2yxACNnvHjgF725BDGYzcUmQSsOAtDKSz5gSMEV0ghAFd2J4odBzzCYHAfiSzY+"
    "3vwhJj1ucWE8fUpEstuLT/Fj2yh1DcraBPPKNWzOwVWZUpi5eyeNVhOqmp7UNZvA5R60Us"
    "XsEgnTbPdLE7S60OY3oPZKtsqmnddX/+xEBqAwex6xB6jzvDYfdu1Bv02wASMSPa+B5fDz"
    "4OPrFmlj2xXZqcZYuYd96cF7DuvEnqOjTu8FNxwsOfOdOvY45BIpRZ0wRRtZevpA2iQiRR"
    "jZCs+LCVnq2yFp3FF4pyecUo5DMKKdy2QC70/D5vI13WE+tnaYasx64s47DL/fSVPWO/oC"
    "XZRvtnjvJ2z0bY5vk9MwboNWtuAU/K33j6LpaAwCXh+1ST72AX+Bh08HJsG0vhXkn4//a/"
    "2NbWWrJ/Ar9MoEMMppBtXDnCyGDCki3z/q4r3THHyCaBcXJzrLbDajtcg2GvphsjtR0+RK"
    "0X2Q4rb8XQW/HsbRFvxbO32d6K/Fx8d/aEHPPB1IX9g02KjwiXQVsu3UDsz08LQH9+mok8"
    "PyUDfq3xLCGqbOrVGb/S05Y+RfrjeouVmKTScpW1rDwnlOdEVSiNjTwndsljpGglCaMho5"
    "6yuQ0p+fU8zfEr2/ijFb3Aw02RPbd8poDHkfK40iUPIj0G7PkCw87N9RH48sUkxEXOly8B"
    "F+FdHPSujgDEBhdi3bJz2AZesG2a6djvpZ8nO7x++SdPTAuiXRX3obiPeo2PNd0FK+7jEL"
    "WuuI+Xj9Ssl6tFyzYNveRk1Rr0ri7bgEveY76UaAMCZ1ZyVfIyzhTh0qPoAx5KNPARf/PD"
    "SRGSiTfLBlmcjMMcrutKIB0TWgvsipENSSr1rBCVepZDpZ5lAO0FyKbBvjAxdJa5cIeizY"
    "9W9uP5VtMwQ/ai1+/c/b6K/lvNxdeD/scLSfyf1NtIxf89h/z24v/YQ7neqjQmqJjN6qxB"
    "01sPvl7QZohCviVN63mEvmals0gKNmEaydNs97dRTKmpcObYgBY0T8Y4x9+wAD/Ndawy83"
    "dSrgnYJ3cEp+8LbQlO3+fsCfjJDMTX91vN6EKNc1Ue53Tudy5s2WgD1Wf3orRfZe0Tc4LZ"
    "b9XmtmXqy3VJgXQve6QHVqETaY4gfioZjjG8HfSHXR6PQeZMwygrIONiMPqxDcY2nVaDP4"
    "CWxZTsYsLRNmnpRb9Ufo/L/9WRqK7kFquKrfsX3H6EsO4s5+VhTwsrzAtgLiycPAhd89Ib"
    "yiLa82CXyivkCyDv365mOxM2WphlvTwyxDewg9ZnHVAiLSXP26zN4HzOL5WCNzttVlJuo+"
    "RZ6828oY157JoWNTE55td7CcvyTnJq6RY0Zxr/ViqhWUKsGorhl22MYpTXmfI6a4TXWWSs"
    "SeR62TBxjyTPTEPwj29fdTbSCv/7TRMdsY5GgR9/I5HySkiE4Z6PaLlxcijRZeCxyMaE5o"
    "KnkmntO5nWLduq2RhaHV1nuHnvpsRvVtbsKM91du4LaFBIhNE7RdxnRXCut4/8ToTkAq8B"
    "AWRqL0TVFu6Lip6QAwhlc6Vx5MXnctdVnpFb5hi7nU5Ll3cJqwWwdp9bDnqy/agLlQNLOb"
    "7WYeyuqQukcnw9RK0XcXxVVV9U1Zea+RJXIzPY8+uCF/L2k3jqqQoJL1QhQeVjOwSPBpW1"
    "/1A0HdmxltRzXFJpucpaVrYeZetphK1nl2TpUJ+iGRxSKO4mRZJGTx/lkaNENNTIquWznO"
    "gA89LTizaY2gvA7m8JZubEEUw4CQpVexdiy1SepHBqEsDJrjEkiLOXaUZ0O10+z4eWYjmH"
    "M2hZPZyxo5EONOZ678Lze5k3O3oNWqJmxeu3J+/O37Oz4vb4l3c5w87wpnN9HfgOZbOYT8"
    "gJbB9xXDMhjUhsB9eX3ot74J68OX13+v7t+ekK4dWRPJg9hFOD+EuNNoGxVDrWRCypeSNN"
    "YLktY3vBIMh8EpYX4UYSXkIEYV5NhCLLIsAlAI5tlwoTiZdpZAPjzB6uWtp6E5htpHl8lQ"
    "FHGXBqMSbWk8pXBpxD1HoRA46yNihrQ7WsDYr1XgfJio87igs9TC0r28ahaFpVFdqTf4gy"
    "LyjzQo3MC7ljxBYwVhWwqmXXSYdYyChXaSBGDvcqiQUpaO1xHcAagzk0HWBiUXaKp1cEDG"
    "2MBGvX5nwoTwhBgkKXRGRqtucI8/TNfvx7mGBBZgHayWXu8T0eTRHAaMGae8LHoMPkqcmN"
    "SfwqhJqW5XciqlJzY9OK9A27fbDZjdEj4LJHyAJfvmCbavCB8kzVhfncrAcwQvspIlcRuX"
    "UYc2tK6Ski9xC1XoTIjeSzSqs9O/dfQqwRtG6eVneR+m/umE88jRhbAOTm2slJK5vZxQFU"
    "ot5Rfll/kbQWwRiVVLRTdUa99GS3WsaWVXJMsIFTXZOUrLhFVbG8elg3hK/xUjxISZpV9o"
    "c8ZiZsVMj1lpMYrzlD8iDoCy8W9BgIBzzCyYsZQdYTIrywlswJjbUwHeGGhjI8cbd+hU0T"
    "Fcg93viZSCUv/pW487ntUG3iwMjRiFlb5T1QbEsdFyM13XcrtuUQtV6EbVF5D7Zu165ZjS"
    "9PmekZKnI8vvi56fIstm1/PXKPL6973f6o7RcBvce33bvhoN+5boMg4dM9Hn66vR3csUb+"
    "yiC53ini1rj9dN4OemBqnHrBEBpfKEmGvhz/Rrn8lgop1cnVcc6WcqbtEm1TRJ/p6AChdW"
    "y65rQcl1TsX3Vm4fTii52c8r2VvqauZfINXIg1SuV6qUKUfvMGVlXaRWHEFUERoXWKIi2T"
    "bR7sZ4WCRM5ygkTO0kEiIXTu+C+kU22dqJGcTppfo1KyAqiY67maE3ZpH7I2KQUmEVcKr7"
    "TCVYzYQahZxYgdkpYdBEm5JWdasnkLzvMipebPswvNn5cpM5/NXeeVmT/4ilgV9E9pJM4p"
    "+3gJjGWyCl8VWrgDSFVo4cGGFlZzWNiOpxq7GdD/dH3dkqwmtoD25aqjZmIcW0EVADY2YW"
    "0B36HX30en2LhRU5Rl03wG2C/kcOlVHs8KjA3PHuW6Xfr1ywvHwXbC8FTKo0S9QFSvohTw"
    "6tGJzH+E2nMC/O7Bg+kQCl75ARHfi3hVk4C5O7ZMMkWGH02KbTrlzTFCBgEmTftl7v/yW8"
    "6mqnwnle+k8qJTvpNK6xv7Tj7Kxtdsku9ROsCu6dr3oi5Muyb2oDWxHZNOZ2XgjQk1Ivx3"
    "1+6PYvmha38tHtM4Z5dEikvtv8T6yzAlO6mLpOKtVbx1DfeuNZy700u2ysRbKx1vVccpzv"
    "qF2JEoSSXjRxIkVg5DkqTPCnAkmOfRYs+czctaL+ASMO3aIojUY6PbAJJHP5fWgq2ZAASe"
    "6flIJOBiLXW0qowN2L059hNrztNucREI+LMtgkwlDMmeL146qNVPWqYCTxV5Up91UE230Y"
    "o8OUStFyFPgjmizBY/KtPAHf7bkyIu+axV5h5fnEvuZso7o23khFZtjHcS9hBbUZQcw5Ky"
    "DRzF6jtqSaK2/OWoNl6WWR4mxJS/1jc5qmtEPsZF1Ya8ym+PCnc4DDUzCNd5l6Ny6kWuso"
    "aVg61ysK2Kp9xGpcEjxKwX7U0k9jdf8sNPd8gSxbCz0Y7kGqzl6JRC+9suWXL/2ZTw4+FT"
    "m82Mh69IsYyNCFPkzB2ToLYoLmGwFYVObWf5HS9bQZ2l79IHl6K8sINEoWDOVgIzI0XjZl"
    "3yshgdXnCdOwMuHJNSXtMYi57Y78EEeuyu6MOjOIlXg10Uiz8CxAbY9ml13oeXAxKxXqbQ"
    "egAzaKDCHLlfgD5S/FuVM1b0eE3mipoSpYoeP0StF6HHieVOypC2QfvGeReeFuFrT7Pp2t"
    "MUW6sqRe+2UjTbkFBXsowulgEzlN5jDszO5aj3S7fkasCXagPvL09yObzt9q+6V22w+niP"
    "r7rXbDTpf2yD4FNyJfky3p98mTGGpNSrEJVp4Ouw/bHGX1SXHXISYmpQfxZox7ZQaZhjQg"
    "rkok9zZIsYR7qHM1K6pQUTaJu1ZKjY/bI/r0/enL47ff/2/PQ9ayJudHXkXY4Kev1REl+P"
    "PNJEHi+C2NUMyTyajXKG+FpYV4ye2hXUcEwYfnQTuGVdKMg9yEt44yYj8TckYgtH4VdtUM"
    "kkYmOLN3vGTm0I0ZXopKkQpVJBbIhWg+s9xYOS/KT9mhfU7mVg3xC7W7/PjuhSFDBqKnxE"
    "N2dbwWzIOmo2Uns2uNUTpGj0x6ZQlUucUhu8tm+h/PZ/w6q7sA=="
)
