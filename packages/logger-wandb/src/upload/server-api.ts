import { gzipSync } from 'node:zlib';
import { createGraphql, REQUEST_LIMIT_MS } from './graphql.js';
import type { LineCounts } from './line-counts.js';
import { type UploadTarget, uploadTarget } from './put-file.js';
import { type Requester, RequestFailed } from './requester.js';
import type { ServerRun } from './run-bucket.js';

/** What the server says of a run when it is created or changed. */
export interface UpsertAnswer {
  readonly run: ServerRun;
  /** Lines that it has; absent where it does not say. */
  readonly counts: Partial<LineCounts>;
  /** The run was not there before. */
  readonly isNew: boolean;
}

/** A run that may be gone on with, as the server describes it: JSON texts, null where it has nothing. */
export interface RunToResume {
  readonly entity: string;
  readonly project: string;
  readonly runId: string;
  readonly bucket: {
    readonly displayName?: string | null;
    readonly notes?: string | null;
    readonly tags?: readonly string[] | null;
    readonly config?: string | null;
    readonly wandbConfig?: string | null;
    readonly summaryMetrics?: string | null;
    /** JSON texts of lists of lines. */
    readonly historyTail?: string | null;
    readonly eventsTail?: string | null;
    readonly historyLineCount?: number | null;
    readonly eventsLineCount?: number | null;
    readonly logLineCount?: number | null;
  };
}

/** The operations of a W&B server that an upload needs. Each throws as `Requester.send` does. */
export interface ServerApi {
  upsertRun(variables: Readonly<Record<string, unknown>>): Promise<UpsertAnswer>;
  /** The names of the features that the server announces; none where it knows no such question. */
  features(): Promise<ReadonlySet<string>>;
  /** What the server has of a run; nothing where it has no such run. */
  status(
    run: ServerRun,
    tries?: { readonly maxRetries: number },
  ): Promise<{ readonly counts: Partial<LineCounts>; readonly isOver: boolean } | undefined>;
  /** A run by its name; nothing where the server has none. */
  runToResume(
    place: { readonly entity?: string | undefined; readonly project?: string | undefined; readonly runId: string },
    tries: { readonly maxRetries: number },
  ): Promise<RunToResume | undefined>;
  /** Where a file of the run is to be put; nothing where the server takes none. */
  fileTarget(run: ServerRun, name: string): Promise<UploadTarget | undefined>;
  /** One post to the run's file stream. Returns whether the user asked for the run to stop. */
  post(
    run: ServerRun,
    body: object,
    options: { readonly gzip: boolean; readonly hasWorked?: () => Promise<boolean> },
  ): Promise<boolean>;
}

const GZIP_FROM_BYTES = 4096;

const COUNTS = 'historyLineCount eventsLineCount logLineCount';

// The official client's own, and its query of a run's state.
const UPSERT_BUCKET = `mutation UpsertBucket($id: String, $name: String, $project: String, $entity: String, $groupName: String,
$displayName: String, $notes: String, $commit: String, $config: JSONString, $host: String, $program: String, $repo: String,
$jobType: String, $sweep: String, $tags: [String!]) { upsertBucket(input: { id: $id, name: $name, groupName: $groupName,
modelName: $project, entityName: $entity, displayName: $displayName, notes: $notes, config: $config, commit: $commit,
host: $host, jobProgram: $program, jobRepo: $repo, jobType: $jobType, sweep: $sweep, tags: $tags }) {
bucket { id name displayName project { id name entity { id name } } ${COUNTS} } inserted } }`;
const SERVER_FEATURES = 'query ServerFeaturesQuery { serverInfo { features { name isEnabled } } }';
const CREATE_RUN_FILES = `mutation CreateRunFiles($entity: String!, $project: String!, $run: String!, $files: [String!]!) {
createRunFiles(input: { entityName: $entity, projectName: $project, runName: $run, files: $files }) {
runID uploadHeaders files { name uploadUrl } } }`;
const RUN_STATUS = `query RunStatus($projectName: String!, $entityName: String!, $runId: String!) {
project(name: $projectName, entityName: $entityName) { run(name: $runId) { id state ${COUNTS} } } }`;
const RUN_RESUME_STATUS = `query RunResumeStatus($project: String, $entity: String, $name: String!) {
model(name: $project, entityName: $entity) { id name entity { id name } bucket(name: $name, missingOk: true) { id name
summaryMetrics displayName historyTail eventsTail config tags notes wandbConfig(keys: ["t"]) ${COUNTS} } } }`;

const OVER_STATES = new Set(['finished', 'failed', 'killed']);

type Counted = { historyLineCount?: number | null; eventsLineCount?: number | null; logLineCount?: number | null };

/** The server at `baseUrl`, which has no slash at its end. */
export function createServerApi(baseUrl: string, requester: Requester): ServerApi {
  const graphql = createGraphql(baseUrl, requester);

  return {
    async upsertRun(variables) {
      type Bucket = Counted & {
        id: string;
        name: string;
        displayName?: string | null;
        project?: { name: string; entity?: { name: string } };
      };
      type Answer = { upsertBucket?: { bucket?: Bucket | null; inserted?: boolean | null } | null };
      const { upsertBucket } = await graphql<Answer>('UpsertBucket', UPSERT_BUCKET, variables, {
        // Two that change a run at once.
        retriedStatuses: [409],
      });
      const bucket = upsertBucket?.bucket;
      if (!bucket?.project?.entity) {
        const message = `UpsertBucket at ${baseUrl} failed: the answer names no run`;
        throw new RequestFailed('upload-refused', message, { isAmbiguous: false });
      }
      const { id, name, displayName, project } = bucket;
      const run: ServerRun = {
        id,
        runId: name,
        entity: bucket.project.entity.name,
        project: project!.name,
        displayName: displayName ?? undefined,
      };
      return { run, counts: countsOf(bucket), isNew: upsertBucket?.inserted === true };
    },
    async features() {
      type Answer = { serverInfo?: { features?: ({ name: string; isEnabled: boolean } | null)[] | null } | null };
      try {
        const { serverInfo } = await graphql<Answer>('ServerFeaturesQuery', SERVER_FEATURES, {}, { maxRetries: 2 });
        const enabled = (serverInfo?.features ?? []).filter((feature) => feature?.isEnabled);
        return new Set(enabled.map((feature) => feature!.name));
      } catch (error) {
        // Features are improvements: a server that can't name them has none.
        if (error instanceof RequestFailed) return new Set();
        throw error;
      }
    },
    async status({ entity, project, runId }, tries) {
      type Answer = { project?: { run?: (Counted & { state?: string }) | null } | null };
      const variables = { entityName: entity, projectName: project, runId };
      const answer = await graphql<Answer>('RunStatus', RUN_STATUS, variables, tries);
      const run = answer.project?.run;
      if (!run) return undefined;
      return { counts: countsOf(run), isOver: OVER_STATES.has(run.state ?? '') };
    },
    async runToResume({ entity, project, runId }, tries) {
      type Answer = {
        model?: { name: string; entity?: { name: string }; bucket?: RunToResume['bucket'] | null } | null;
      };
      // The server's own default, which an upload without a project gets, too.
      const variables = { project: project ?? 'uncategorized', entity, name: runId };
      const { model } = await graphql<Answer>('RunResumeStatus', RUN_RESUME_STATUS, variables, tries);
      if (!model?.bucket) return undefined;
      return { entity: model.entity?.name ?? entity ?? '', project: model.name, runId, bucket: model.bucket };
    },
    async fileTarget({ entity, project, runId }, name) {
      type Answer = {
        createRunFiles?: { uploadHeaders?: string[]; files?: { name: string; uploadUrl?: string | null }[] } | null;
      };
      const variables = { entity, project, run: runId, files: [name] };
      const { createRunFiles } = await graphql<Answer>('CreateRunFiles', CREATE_RUN_FILES, variables);
      const url = createRunFiles?.files?.find((file) => file.name === name)?.uploadUrl;
      return uploadTarget(baseUrl, url, createRunFiles?.uploadHeaders);
    },
    async post({ entity, project, runId }, body, { gzip, hasWorked }) {
      const json = Buffer.from(JSON.stringify(body));
      const packed = gzip && json.length >= GZIP_FROM_BYTES;
      const bytes = packed ? gzipSync(json) : json;
      const path = [entity, project, runId].map(encodeURIComponent).join('/');
      const { stopped } = await requester.send({
        what: `sending the run to ${baseUrl}`,
        method: 'POST',
        url: `${baseUrl}/files/${path}/file_stream`,
        headers: { 'content-type': 'application/json', ...(packed ? { 'content-encoding': 'gzip' } : {}) },
        body: () => bytes,
        withKey: true,
        limitMs: REQUEST_LIMIT_MS,
        answer: 'json',
        ...(hasWorked === undefined ? {} : { hasWorked }),
      });
      return stopped === true;
    },
  };
}

function countsOf(run: Counted): Partial<LineCounts> {
  const { historyLineCount, eventsLineCount, logLineCount } = run;
  return {
    ...(historyLineCount == null ? {} : { history: historyLineCount }),
    ...(eventsLineCount == null ? {} : { events: eventsLineCount }),
    ...(logLineCount == null ? {} : { output: logLineCount }),
  };
}
