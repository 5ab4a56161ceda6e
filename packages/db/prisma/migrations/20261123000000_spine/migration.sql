-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "public";

-- CreateTable
CREATE TABLE "users" (
    "user_id" SERIAL NOT NULL,
    "account" TEXT NOT NULL,
    "nickname" TEXT,
    "password" TEXT NOT NULL,
    "email" TEXT,
    "phone" TEXT,
    "photo" TEXT,
    "role" TEXT NOT NULL DEFAULT 'user',
    "ssh_public_keys" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "quota" JSONB NOT NULL DEFAULT '{}',
    "token_epoch" INTEGER NOT NULL DEFAULT 0,
    "disabled_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "users_pkey" PRIMARY KEY ("user_id")
);

-- CreateTable
CREATE TABLE "machines" (
    "machine_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "url" TEXT NOT NULL,
    "tls" BYTEA,
    "allow_insecure" BOOLEAN NOT NULL DEFAULT false,
    "simulated" BOOLEAN NOT NULL DEFAULT false,
    "state" TEXT NOT NULL DEFAULT 'active',
    "is_builder" BOOLEAN NOT NULL DEFAULT false,
    "runs_containers" BOOLEAN NOT NULL DEFAULT true,
    "port_first" INTEGER NOT NULL,
    "port_last" INTEGER NOT NULL,
    "labels" JSONB NOT NULL DEFAULT '{}',
    "marker_uuid" UUID NOT NULL,
    "shard" INTEGER NOT NULL DEFAULT 0,
    "generation" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "machines_pkey" PRIMARY KEY ("machine_id")
);

-- CreateTable
CREATE TABLE "machine_status" (
    "machine_id" TEXT NOT NULL,
    "online" BOOLEAN NOT NULL DEFAULT false,
    "engine_version" TEXT,
    "api_version" TEXT,
    "gpus" JSONB NOT NULL DEFAULT '[]',
    "cpus" JSONB NOT NULL DEFAULT '[]',
    "cores" INTEGER,
    "memory" JSONB,
    "disk" JSONB,
    "conditions" JSONB NOT NULL DEFAULT '[]',
    "last_list_at" TIMESTAMPTZ(3),
    "observed_generation" INTEGER NOT NULL DEFAULT 0,
    "lease_epoch" BIGINT NOT NULL DEFAULT 0,
    "version" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "machine_status_pkey" PRIMARY KEY ("machine_id")
);

-- CreateTable
CREATE TABLE "images" (
    "image_id" SERIAL NOT NULL,
    "name" TEXT NOT NULL,
    "reference" TEXT NOT NULL,
    "display_name" TEXT,
    "description" TEXT,
    "create_params" JSONB NOT NULL DEFAULT '{}',
    "user_id" INTEGER,
    "shared_with" INTEGER[] DEFAULT ARRAY[]::INTEGER[],
    "parent_image_id" INTEGER,
    "source" TEXT NOT NULL,
    "origin_uid" UUID,
    "desired" TEXT NOT NULL DEFAULT 'present',
    "shard" INTEGER NOT NULL DEFAULT 0,
    "generation" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "images_pkey" PRIMARY KEY ("image_id")
);

-- CreateTable
CREATE TABLE "image_status" (
    "image_id" INTEGER NOT NULL,
    "phase" TEXT NOT NULL DEFAULT 'Waiting',
    "message" TEXT NOT NULL DEFAULT '',
    "digest" TEXT,
    "size" BIGINT,
    "progress" BIGINT,
    "conditions" JSONB NOT NULL DEFAULT '[]',
    "observed_generation" INTEGER NOT NULL DEFAULT 0,
    "lease_epoch" BIGINT NOT NULL DEFAULT 0,
    "version" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "image_status_pkey" PRIMARY KEY ("image_id")
);

-- CreateTable
CREATE TABLE "containers" (
    "container_id" SERIAL NOT NULL,
    "uid" UUID NOT NULL DEFAULT gen_random_uuid(),
    "name" TEXT NOT NULL,
    "display_name" TEXT,
    "user_id" INTEGER NOT NULL,
    "image_id" INTEGER NOT NULL,
    "machine_id" TEXT,
    "spec" JSONB NOT NULL,
    "desired" TEXT NOT NULL DEFAULT 'running',
    "on_loss" TEXT NOT NULL DEFAULT 'recreate',
    "run" INTEGER NOT NULL DEFAULT 1,
    "incarnation" INTEGER NOT NULL DEFAULT 0,
    "recreate" TEXT,
    "recreate_generation" INTEGER NOT NULL DEFAULT 0,
    "generation" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "containers_pkey" PRIMARY KEY ("container_id")
);

-- CreateTable
CREATE TABLE "container_status" (
    "container_id" INTEGER NOT NULL,
    "phase" TEXT NOT NULL DEFAULT 'Pending',
    "running" BOOLEAN NOT NULL DEFAULT false,
    "message" TEXT NOT NULL DEFAULT '',
    "engine_id" TEXT,
    "image_id" INTEGER,
    "create_open" BOOLEAN NOT NULL DEFAULT true,
    "applied" JSONB,
    "started_run" INTEGER NOT NULL DEFAULT 0,
    "completed_run" INTEGER NOT NULL DEFAULT 0,
    "abandoned_generation" INTEGER NOT NULL DEFAULT 0,
    "restarts" INTEGER NOT NULL DEFAULT 0,
    "exit_code" INTEGER,
    "next_retry_at" TIMESTAMPTZ(3),
    "conditions" JSONB NOT NULL DEFAULT '[]',
    "observed_generation" INTEGER NOT NULL DEFAULT 0,
    "lease_epoch" BIGINT NOT NULL DEFAULT 0,
    "version" INTEGER NOT NULL DEFAULT 0,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "container_status_pkey" PRIMARY KEY ("container_id")
);

-- CreateTable
CREATE TABLE "placements" (
    "container_id" INTEGER NOT NULL,
    "machine_id" TEXT NOT NULL,
    "gpu_uuids" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "ports" JSONB NOT NULL DEFAULT '[]',

    CONSTRAINT "placements_pkey" PRIMARY KEY ("container_id")
);

-- CreateTable
CREATE TABLE "gpu_allocations" (
    "machine_id" TEXT NOT NULL,
    "gpu_uuid" TEXT NOT NULL,
    "container_id" INTEGER NOT NULL,

    CONSTRAINT "gpu_allocations_pkey" PRIMARY KEY ("machine_id","gpu_uuid")
);

-- CreateTable
CREATE TABLE "port_allocations" (
    "machine_id" TEXT NOT NULL,
    "protocol" TEXT NOT NULL,
    "host_port" INTEGER NOT NULL,
    "container_id" INTEGER NOT NULL,

    CONSTRAINT "port_allocations_pkey" PRIMARY KEY ("machine_id","protocol","host_port")
);

-- CreateTable
CREATE TABLE "held_containers" (
    "engine_id" TEXT NOT NULL,
    "container_id" INTEGER NOT NULL,
    "machine_id" TEXT NOT NULL,
    "generation" INTEGER NOT NULL,
    "image_id" INTEGER NOT NULL,
    "held_until" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "held_containers_pkey" PRIMARY KEY ("engine_id")
);

-- CreateTable
CREATE TABLE "operations" (
    "operation_id" BIGSERIAL NOT NULL,
    "kind" TEXT NOT NULL,
    "noun" TEXT NOT NULL,
    "object_id" TEXT NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'waiting',
    "holder" UUID,
    "progress" BIGINT,
    "total" BIGINT,
    "message" TEXT NOT NULL DEFAULT '',
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "ended_at" TIMESTAMPTZ(3),

    CONSTRAINT "operations_pkey" PRIMARY KEY ("operation_id")
);

-- CreateTable
CREATE TABLE "system_containers" (
    "machine_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "image" TEXT NOT NULL,
    "engine_id" TEXT,
    "phase" TEXT NOT NULL DEFAULT 'Pending',
    "message" TEXT NOT NULL DEFAULT '',

    CONSTRAINT "system_containers_pkey" PRIMARY KEY ("machine_id","name")
);

-- CreateTable
CREATE TABLE "tombstones" (
    "uid" UUID NOT NULL,
    "noun" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "machine_id" TEXT,
    "user_id" INTEGER NOT NULL,
    "deleted_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "tombstones_pkey" PRIMARY KEY ("uid")
);

-- CreateTable
CREATE TABLE "leases" (
    "shard" INTEGER NOT NULL,
    "holder" UUID,
    "epoch" BIGINT NOT NULL DEFAULT 0,
    "expires_at" TIMESTAMPTZ(3),

    CONSTRAINT "leases_pkey" PRIMARY KEY ("shard")
);

-- CreateTable
CREATE TABLE "reconcilers" (
    "holder" UUID NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "backend_pid" INTEGER NOT NULL,
    "backend_start" TIMESTAMPTZ(6) NOT NULL,
    "registered_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "reconcilers_pkey" PRIMARY KEY ("holder")
);

-- CreateTable
CREATE TABLE "dirty" (
    "noun" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "generation" INTEGER NOT NULL,
    "marked_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "dirty_pkey" PRIMARY KEY ("noun","id")
);

-- CreateTable
CREATE TABLE "object_events" (
    "event_id" BIGSERIAL NOT NULL,
    "noun" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "message" TEXT NOT NULL,
    "count" INTEGER NOT NULL DEFAULT 1,
    "first_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "last_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "object_events_pkey" PRIMARY KEY ("event_id")
);

-- CreateTable
CREATE TABLE "audit_log" (
    "audit_id" BIGSERIAL NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "user_id" INTEGER,
    "account" TEXT NOT NULL,
    "action" TEXT NOT NULL,
    "noun" TEXT NOT NULL,
    "object_id" TEXT NOT NULL,
    "address" TEXT,
    "details" JSONB NOT NULL DEFAULT '{}',

    CONSTRAINT "audit_log_pkey" PRIMARY KEY ("audit_id")
);

-- CreateTable
CREATE TABLE "settings" (
    "key" TEXT NOT NULL,
    "value" JSONB NOT NULL,

    CONSTRAINT "settings_pkey" PRIMARY KEY ("key")
);

-- CreateIndex
CREATE UNIQUE INDEX "users_account_key" ON "users"("account");

-- CreateIndex
CREATE UNIQUE INDEX "machines_name_key" ON "machines"("name");

-- CreateIndex
CREATE UNIQUE INDEX "machines_url_key" ON "machines"("url");

-- CreateIndex
CREATE UNIQUE INDEX "machines_marker_uuid_key" ON "machines"("marker_uuid");

-- CreateIndex
CREATE INDEX "machines_shard_idx" ON "machines"("shard");

-- CreateIndex
CREATE INDEX "images_user_id_idx" ON "images"("user_id");

-- CreateIndex
CREATE INDEX "images_parent_image_id_idx" ON "images"("parent_image_id");

-- CreateIndex
CREATE UNIQUE INDEX "containers_uid_key" ON "containers"("uid");

-- CreateIndex
CREATE INDEX "containers_image_id_idx" ON "containers"("image_id");

-- CreateIndex
CREATE UNIQUE INDEX "containers_user_id_name_key" ON "containers"("user_id", "name");

-- CreateIndex
CREATE INDEX "container_status_image_id_idx" ON "container_status"("image_id");

-- CreateIndex
CREATE INDEX "placements_machine_id_idx" ON "placements"("machine_id");

-- CreateIndex
CREATE INDEX "gpu_allocations_container_id_idx" ON "gpu_allocations"("container_id");

-- CreateIndex
CREATE INDEX "port_allocations_container_id_idx" ON "port_allocations"("container_id");

-- CreateIndex
CREATE INDEX "held_containers_container_id_idx" ON "held_containers"("container_id");

-- CreateIndex
CREATE INDEX "held_containers_image_id_idx" ON "held_containers"("image_id");

-- CreateIndex
CREATE INDEX "operations_noun_object_id_idx" ON "operations"("noun", "object_id");

-- CreateIndex
CREATE INDEX "object_events_noun_id_event_id_idx" ON "object_events"("noun", "id", "event_id");

-- CreateIndex
CREATE INDEX "audit_log_noun_object_id_idx" ON "audit_log"("noun", "object_id");

-- AddForeignKey
ALTER TABLE "machine_status" ADD CONSTRAINT "machine_status_machine_id_fkey" FOREIGN KEY ("machine_id") REFERENCES "machines"("machine_id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "images" ADD CONSTRAINT "images_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("user_id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "images" ADD CONSTRAINT "images_parent_image_id_fkey" FOREIGN KEY ("parent_image_id") REFERENCES "images"("image_id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "image_status" ADD CONSTRAINT "image_status_image_id_fkey" FOREIGN KEY ("image_id") REFERENCES "images"("image_id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "containers" ADD CONSTRAINT "containers_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("user_id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "containers" ADD CONSTRAINT "containers_image_id_fkey" FOREIGN KEY ("image_id") REFERENCES "images"("image_id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "container_status" ADD CONSTRAINT "container_status_container_id_fkey" FOREIGN KEY ("container_id") REFERENCES "containers"("container_id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "container_status" ADD CONSTRAINT "container_status_image_id_fkey" FOREIGN KEY ("image_id") REFERENCES "images"("image_id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "placements" ADD CONSTRAINT "placements_container_id_fkey" FOREIGN KEY ("container_id") REFERENCES "containers"("container_id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "placements" ADD CONSTRAINT "placements_machine_id_fkey" FOREIGN KEY ("machine_id") REFERENCES "machines"("machine_id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "gpu_allocations" ADD CONSTRAINT "gpu_allocations_machine_id_fkey" FOREIGN KEY ("machine_id") REFERENCES "machines"("machine_id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "gpu_allocations" ADD CONSTRAINT "gpu_allocations_container_id_fkey" FOREIGN KEY ("container_id") REFERENCES "containers"("container_id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "port_allocations" ADD CONSTRAINT "port_allocations_machine_id_fkey" FOREIGN KEY ("machine_id") REFERENCES "machines"("machine_id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "port_allocations" ADD CONSTRAINT "port_allocations_container_id_fkey" FOREIGN KEY ("container_id") REFERENCES "containers"("container_id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "held_containers" ADD CONSTRAINT "held_containers_container_id_fkey" FOREIGN KEY ("container_id") REFERENCES "containers"("container_id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "held_containers" ADD CONSTRAINT "held_containers_machine_id_fkey" FOREIGN KEY ("machine_id") REFERENCES "machines"("machine_id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "held_containers" ADD CONSTRAINT "held_containers_image_id_fkey" FOREIGN KEY ("image_id") REFERENCES "images"("image_id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "system_containers" ADD CONSTRAINT "system_containers_machine_id_fkey" FOREIGN KEY ("machine_id") REFERENCES "machines"("machine_id") ON DELETE CASCADE ON UPDATE CASCADE;
