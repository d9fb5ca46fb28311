from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


# Completed by hand: aerich leaves out the schema of a table that it alters, sees no changed "on_delete", and names a
# foreign key otherwise than a new table has it.
async def upgrade(db: BaseDBAsyncClient) -> str:
    return """
        CREATE TABLE "fieldgate"."client" (
    "id" UUID NOT NULL PRIMARY KEY,
    "created_at" TIMESTAMPTZ NOT NULL,
    "updated_at" TIMESTAMPTZ NOT NULL,
    "member_id" UUID NOT NULL,
    "name" VARCHAR(200) NOT NULL,
    "secret_hash" BYTEA,
    "previous_secret_hash" BYTEA,
    "previous_secret_expires_at" TIMESTAMPTZ,
    "jwks" JSONB,
    "scopes" JSONB,
    "enabled" BOOL NOT NULL,
    "expires_at" TIMESTAMPTZ,
    "last_used_at" TIMESTAMPTZ,
    "tenant_id" UUID NOT NULL REFERENCES "fieldgate"."tenant" ("id") ON DELETE CASCADE
);
CREATE INDEX "idx_client_tenant__b96803" ON "fieldgate"."client" ("tenant_id", "id");
COMMENT ON TABLE "fieldgate"."client" IS 'A partner''s program. It acts as a service member of the tenant, whose roles are all that it may do.';
        CREATE TABLE "fieldgate"."consumed_message" (
    "id" UUID NOT NULL PRIMARY KEY,
    "created_at" TIMESTAMPTZ NOT NULL,
    "updated_at" TIMESTAMPTZ NOT NULL,
    "kind" VARCHAR(16) NOT NULL,
    "digest" BYTEA NOT NULL,
    "expires_at" TIMESTAMPTZ NOT NULL,
    "identity_provider_id" UUID NOT NULL REFERENCES "fieldgate"."identity_provider" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_consumed_me_identit_091fc5" UNIQUE ("identity_provider_id", "kind", "digest")
);
CREATE INDEX "idx_consumed_me_expires_74d01f" ON "fieldgate"."consumed_message" ("expires_at");
COMMENT ON COLUMN "fieldgate"."consumed_message"."kind" IS 'REQUEST: request\nASSERTION: assertion\nLOGOUT: logout';
COMMENT ON TABLE "fieldgate"."consumed_message" IS 'A message of a provider that counts once. Inserting it is what decides between two that arrive together.';
        CREATE TABLE "fieldgate"."domain" (
    "id" UUID NOT NULL PRIMARY KEY,
    "created_at" TIMESTAMPTZ NOT NULL,
    "updated_at" TIMESTAMPTZ NOT NULL,
    "name" VARCHAR(253) NOT NULL,
    "verification_token" VARCHAR(64) NOT NULL,
    "verified_at" TIMESTAMPTZ,
    "checked_at" TIMESTAMPTZ,
    "tenant_id" UUID NOT NULL REFERENCES "fieldgate"."tenant" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_domain_tenant__e36fe6" UNIQUE ("tenant_id", "name")
);
COMMENT ON TABLE "fieldgate"."domain" IS 'An e-mail domain that a tenant says is its own. Anybody may say so; only one tenant can have proved it.';
        CREATE TABLE "fieldgate"."personal_access_token" (
    "id" UUID NOT NULL PRIMARY KEY,
    "created_at" TIMESTAMPTZ NOT NULL,
    "updated_at" TIMESTAMPTZ NOT NULL,
    "member_id" UUID NOT NULL,
    "name" VARCHAR(200) NOT NULL,
    "digest" BYTEA NOT NULL UNIQUE,
    "scopes" JSONB,
    "expires_at" TIMESTAMPTZ NOT NULL,
    "last_used_at" TIMESTAMPTZ,
    "revoked_at" TIMESTAMPTZ,
    "tenant_id" UUID NOT NULL REFERENCES "fieldgate"."tenant" ("id") ON DELETE CASCADE
);
CREATE INDEX "idx_personal_ac_tenant__398d03" ON "fieldgate"."personal_access_token" ("tenant_id", "member_id");
CREATE INDEX "idx_personal_ac_revoked_ff8a15" ON "fieldgate"."personal_access_token" ("revoked_at");
COMMENT ON TABLE "fieldgate"."personal_access_token" IS 'What a member''s own scripts show. It is never stored, only its hash.';
        CREATE TABLE "fieldgate"."scim_token" (
    "id" UUID NOT NULL PRIMARY KEY,
    "created_at" TIMESTAMPTZ NOT NULL,
    "updated_at" TIMESTAMPTZ NOT NULL,
    "name" VARCHAR(200) NOT NULL,
    "digest" BYTEA NOT NULL UNIQUE,
    "expires_at" TIMESTAMPTZ NOT NULL,
    "revoked_at" TIMESTAMPTZ,
    "last_used_at" TIMESTAMPTZ,
    "identity_provider_id" UUID NOT NULL REFERENCES "fieldgate"."identity_provider" ("id") ON DELETE CASCADE,
    "tenant_id" UUID NOT NULL REFERENCES "fieldgate"."tenant" ("id") ON DELETE CASCADE
);
CREATE INDEX "idx_scim_token_tenant__affaff" ON "fieldgate"."scim_token" ("tenant_id", "id");
CREATE INDEX "idx_scim_token_identit_6477c7" ON "fieldgate"."scim_token" ("identity_provider_id");
COMMENT ON TABLE "fieldgate"."scim_token" IS 'What an identity provider shows when it tells us about its people. It is never stored, only its hash.';
        CREATE TABLE "fieldgate"."service_provider_key" (
    "id" UUID NOT NULL PRIMARY KEY,
    "created_at" TIMESTAMPTZ NOT NULL,
    "updated_at" TIMESTAMPTZ NOT NULL,
    "certificate" TEXT NOT NULL,
    "private_key_encrypted" BYTEA NOT NULL,
    "retired_at" TIMESTAMPTZ,
    "not_after" TIMESTAMPTZ NOT NULL,
    "identity_provider_id" UUID NOT NULL REFERENCES "fieldgate"."identity_provider" ("id") ON DELETE CASCADE
);
CREATE INDEX "idx_service_pro_identit_e06671" ON "fieldgate"."service_provider_key" ("identity_provider_id", "created_at");
COMMENT ON TABLE "fieldgate"."service_provider_key" IS 'Our key pair in one SAML connection: it signs requests and opens encrypted assertions.';
        CREATE TABLE "fieldgate"."support_grant" (
    "id" UUID NOT NULL PRIMARY KEY,
    "created_at" TIMESTAMPTZ NOT NULL,
    "updated_at" TIMESTAMPTZ NOT NULL,
    "operator" VARCHAR(320) NOT NULL,
    "reason" VARCHAR(500) NOT NULL,
    "requested_at" TIMESTAMPTZ NOT NULL,
    "approved_by" UUID,
    "approved_at" TIMESTAMPTZ,
    "expires_at" TIMESTAMPTZ NOT NULL,
    "ended_at" TIMESTAMPTZ,
    "tenant_id" UUID NOT NULL REFERENCES "fieldgate"."tenant" ("id") ON DELETE CASCADE
);
CREATE INDEX "idx_support_gra_tenant__b9c692" ON "fieldgate"."support_grant" ("tenant_id", "requested_at");
COMMENT ON TABLE "fieldgate"."support_grant" IS 'An operator''s way into one tenant: asked for with a reason, open once a member approved it, for a time only.';
        ALTER TABLE "fieldgate"."identity_provider" ADD "metadata_expires_at" TIMESTAMPTZ;
        ALTER TABLE "fieldgate"."identity_provider" ADD "certificate_expires_at" TIMESTAMPTZ;
        ALTER TABLE "fieldgate"."identity_provider" ADD "allow_unsolicited" BOOL NOT NULL DEFAULT False;
        ALTER TABLE "fieldgate"."identity_provider" ADD "want_encrypted" BOOL NOT NULL DEFAULT False;
        ALTER TABLE "fieldgate"."identity_provider" ADD "saml_metadata" TEXT;
        ALTER TABLE "fieldgate"."identity_provider" ADD "default_org_unit_id" UUID;
        ALTER TABLE "fieldgate"."identity_provider" ADD "provision_members" BOOL NOT NULL DEFAULT False;
        ALTER TABLE "fieldgate"."identity_provider" ADD "role_mapping" JSONB NOT NULL DEFAULT '[]';
        ALTER TABLE "fieldgate"."identity_provider" ALTER COLUMN "role_mapping" DROP DEFAULT;
        ALTER TABLE "fieldgate"."identity_provider" ADD "tested_at" TIMESTAMPTZ;
        ALTER TABLE "fieldgate"."identity_provider" ADD "claim_names" JSONB NOT NULL DEFAULT '{}';
        ALTER TABLE "fieldgate"."identity_provider" ALTER COLUMN "claim_names" DROP DEFAULT;
        ALTER TABLE "fieldgate"."identity_provider" ADD "signing_policy" VARCHAR(16) NOT NULL DEFAULT 'assertion';
        ALTER TABLE "fieldgate"."identity_provider" ADD "metadata_url" VARCHAR(2048);
        ALTER TABLE "fieldgate"."identity_provider" ALTER COLUMN "issuer" TYPE VARCHAR(1024) USING "issuer"::VARCHAR(1024);
        COMMENT ON COLUMN "fieldgate"."identity_provider"."kind" IS 'OIDC: oidc\nSAML: saml';
        ALTER TABLE "fieldgate"."identity_provider" ALTER COLUMN "client_id" DROP NOT NULL;
        ALTER TABLE "fieldgate"."session" ADD "provider_subject_digest" BYTEA;
        ALTER TABLE "fieldgate"."session" ADD "acr" VARCHAR(255);
        ALTER TABLE "fieldgate"."session" ADD "kind" VARCHAR(16) NOT NULL DEFAULT 'member';
        ALTER TABLE "fieldgate"."session" ADD "client_id" UUID REFERENCES "fieldgate"."client" ("id") ON DELETE SET NULL;
        ALTER TABLE "fieldgate"."session" ADD "provider_session" VARCHAR(500);
        ALTER TABLE "fieldgate"."session" ADD "support_grant_id" UUID REFERENCES "fieldgate"."support_grant" ("id") ON DELETE SET NULL;
        ALTER TABLE "fieldgate"."session" ALTER COLUMN "refresh_token_hash" DROP NOT NULL;
        ALTER TABLE "fieldgate"."session" ALTER COLUMN "identity_provider_id" DROP NOT NULL;
        ALTER TABLE "fieldgate"."session" DROP CONSTRAINT "session_identity_provider_id_fkey",
            ADD FOREIGN KEY ("identity_provider_id") REFERENCES "fieldgate"."identity_provider" ("id") ON DELETE SET NULL;
        ALTER TABLE "fieldgate"."tenant" ADD "session_absolute_seconds" INT;
        ALTER TABLE "fieldgate"."tenant" ADD "session_idle_seconds" INT;
        COMMENT ON COLUMN "fieldgate"."identity_provider"."signing_policy" IS 'RESPONSE: response\nASSERTION: assertion\nBOTH: both';
COMMENT ON COLUMN "fieldgate"."session"."kind" IS 'MEMBER: member\nCLIENT: client\nPERSONAL: personal\nSUPPORT: support';
        CREATE INDEX "idx_session_client__567809" ON "fieldgate"."session" ("client_id");
        CREATE INDEX "idx_session_support_5d8a13" ON "fieldgate"."session" ("support_grant_id");
        CREATE INDEX "idx_session_revoked_4ec8f5" ON "fieldgate"."session" ("revoked_at");"""


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """
        DROP INDEX IF EXISTS "fieldgate"."idx_session_revoked_4ec8f5";
        DROP INDEX IF EXISTS "fieldgate"."idx_session_support_5d8a13";
        DROP INDEX IF EXISTS "fieldgate"."idx_session_client__567809";
        ALTER TABLE "fieldgate"."identity_provider" DROP COLUMN "metadata_expires_at";
        ALTER TABLE "fieldgate"."identity_provider" DROP COLUMN "certificate_expires_at";
        ALTER TABLE "fieldgate"."identity_provider" DROP COLUMN "allow_unsolicited";
        ALTER TABLE "fieldgate"."identity_provider" DROP COLUMN "want_encrypted";
        ALTER TABLE "fieldgate"."identity_provider" DROP COLUMN "saml_metadata";
        ALTER TABLE "fieldgate"."identity_provider" DROP COLUMN "default_org_unit_id";
        ALTER TABLE "fieldgate"."identity_provider" DROP COLUMN "provision_members";
        ALTER TABLE "fieldgate"."identity_provider" DROP COLUMN "role_mapping";
        ALTER TABLE "fieldgate"."identity_provider" DROP COLUMN "tested_at";
        ALTER TABLE "fieldgate"."identity_provider" DROP COLUMN "claim_names";
        ALTER TABLE "fieldgate"."identity_provider" DROP COLUMN "signing_policy";
        ALTER TABLE "fieldgate"."identity_provider" DROP COLUMN "metadata_url";
        ALTER TABLE "fieldgate"."identity_provider" ALTER COLUMN "issuer" TYPE VARCHAR(500) USING "issuer"::VARCHAR(500);
        COMMENT ON COLUMN "fieldgate"."identity_provider"."kind" IS 'OIDC: oidc';
        ALTER TABLE "fieldgate"."identity_provider" ALTER COLUMN "client_id" SET NOT NULL;
        ALTER TABLE "fieldgate"."session" DROP COLUMN "provider_subject_digest";
        ALTER TABLE "fieldgate"."session" DROP COLUMN "acr";
        ALTER TABLE "fieldgate"."session" DROP COLUMN "kind";
        ALTER TABLE "fieldgate"."session" DROP COLUMN "client_id";
        ALTER TABLE "fieldgate"."session" DROP COLUMN "provider_session";
        ALTER TABLE "fieldgate"."session" DROP COLUMN "support_grant_id";
        ALTER TABLE "fieldgate"."session" ALTER COLUMN "refresh_token_hash" SET NOT NULL;
        ALTER TABLE "fieldgate"."session" ALTER COLUMN "identity_provider_id" SET NOT NULL;
        ALTER TABLE "fieldgate"."session" DROP CONSTRAINT "session_identity_provider_id_fkey",
            ADD FOREIGN KEY ("identity_provider_id") REFERENCES "fieldgate"."identity_provider" ("id") ON DELETE CASCADE;
        ALTER TABLE "fieldgate"."tenant" DROP COLUMN "session_absolute_seconds";
        ALTER TABLE "fieldgate"."tenant" DROP COLUMN "session_idle_seconds";
        DROP TABLE IF EXISTS "fieldgate"."support_grant";
        DROP TABLE IF EXISTS "fieldgate"."client";
        DROP TABLE IF EXISTS "fieldgate"."service_provider_key";
        DROP TABLE IF EXISTS "fieldgate"."personal_access_token";
        DROP TABLE IF EXISTS "fieldgate"."scim_token";
        DROP TABLE IF EXISTS "fieldgate"."domain";
        DROP TABLE IF EXISTS "fieldgate"."consumed_message";"""


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
