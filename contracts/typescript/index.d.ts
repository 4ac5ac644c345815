/* Made from contracts/asyncapi.json by `make fix`; change the models, not this file. */

/**
 * How an access request was decided. Source: art. 47 to 51.
 */
export type AccessOutcome = "granted" | "partial" | "refused" | "no_document" | "other_body";
/**
 * By which way the town and the citizen spoke. Source: POL-05, POL-11, POL-13 to POL-15, POL-31.
 */
export type Channel =
  | "phone"
  | "voicemail"
  | "email"
  | "messenger"
  | "social_media"
  | "counter"
  | "letter"
  | "fax"
  | "web_form"
  | "mobile_app"
  | "council"
  | "elected_official"
  | "unknown";
/**
 * Why a request was closed. Source: POL-27.
 */
export type ClosingReason = "answered" | "withdrawn" | "merged" | "refused";
/**
 * On which criterion a request is refused. Source: POL-05 to POL-09.
 */
export type Criterion =
  "not_official" | "incomplete" | "out_of_competence" | "unfounded" | "before_courts" | "unspecified";
/**
 * How it is known that the citizen was told.
 */
export type DeliveryProof = "receipt" | "agent" | "publisher" | "assumed" | "relay";
/**
 * What was addressed to the town. Source: POL-01 to POL-04.
 */
export type Kind = "request" | "report" | "complaint" | "comment" | "suggestion" | "access_to_information";
/**
 * The language in which the citizen is answered; French unless the citizen wishes otherwise.
 */
export type Language = "fr" | "en";
/**
 * What a request lacks. Source: POL-06, POL-21.
 */
export type Missing = "name" | "contact" | "precision";
/**
 * Whether a request came in as it happened, or out of an older system's records.
 */
export type Origin = "live" | "backlog";
/**
 * Why a closed request goes on. Source: POL-39.
 */
export type ReopeningReason = "not_satisfied" | "new_facts" | "closed_in_error" | "merged_in_error" | "unspecified";
/**
 * What is known of the requester. Source: POL-06.
 */
export type RequesterPresence = "identified" | "partial" | "withheld";
/**
 * Why a record is no request at all: it was entered by mistake.
 */
export type VoidingReason = "entered_twice" | "entered_in_error" | "unspecified";

/**
 * The publisher told the citizen that the request is registered. Source: POL-13 to POL-15.
 */
export interface AcknowledgementSubmission {
  about: RequestPointer;
  channel: Channel;
}
/**
 * Which request is meant: by its reference, or by the submission that it came from.
 */
export interface RequestPointer {
  reference?: string | null;
  source?: string | null;
  id?: string | null;
}
/**
 * The publisher told the citizen that the request is registered. Source: POL-13 to POL-15.
 */
export interface AcknowledgementSubmissionEvent {
  specversion: "1.0";
  id: string;
  source: string;
  type: "submission.acknowledgement.v1";
  /**
   * When it happened in the town.
   */
  time: string;
  datacontenttype?: "application/json";
  data: AcknowledgementSubmission;
  [k: string]: unknown;
}
/**
 * What was missing from a request. Source: POL-06, POL-21.
 */
export interface CompletionSubmission {
  about: RequestPointer;
  requester?: Requester | null;
  text?: string;
}
/**
 * Who asks. Source: POL-06. Sealed at once; nothing of it leaves intake.
 */
export interface Requester {
  name?: string | null;
  email?: string | null;
  phone?: string | null;
  address?: string | null;
}
/**
 * What was missing from a request. Source: POL-06, POL-21.
 */
export interface CompletionSubmissionEvent {
  specversion: "1.0";
  id: string;
  source: string;
  type: "submission.completion.v1";
  /**
   * When it happened in the town.
   */
  time: string;
  datacontenttype?: "application/json";
  data: CompletionSubmission;
  [k: string]: unknown;
}
/**
 * That the citizen was told, by which channel, and how that is known. Source: POL-18, POL-27.
 */
export interface Delivery {
  channel: Channel;
  proof: DeliveryProof;
}
/**
 * One contact with a citizen, with or without a request. Source: POL-10, POL-31.
 *
 * The contact that opened a request is told by `request.received.v1` itself and is not repeated here.
 */
export interface InteractionRecordedHeard {
  specversion: "1.0";
  id: string;
  /**
   * The service that decided: `/clic/intake`.
   */
  source: string;
  type: "interaction.recorded.v1";
  /**
   * Whose story this is part of.
   */
  subject: string;
  /**
   * When it happened in the town.
   */
  time: string;
  /**
   * `time` is assumed: no record says when it happened.
   */
  timeassumed: boolean;
  /**
   * When the log took it.
   */
  recordedat: string;
  /**
   * Content hash of the town's configuration that decided.
   */
  town: string;
  datacontenttype: "application/json";
  data: InteractionRecordedHeardData;
}
/**
 * One contact with a citizen, with or without a request. Source: POL-10, POL-31.
 *
 * The contact that opened a request is told by `request.received.v1` itself and is not repeated here.
 */
export interface InteractionRecordedHeardData {
  interaction_id: string;
  channel: Channel;
  language: Language;
  subject?: string | null;
  /**
   * The request that it followed up.
   */
  about?: string | null;
  /**
   * Answered by CLIC on the spot (POL-34).
   */
  answered_first_line: boolean;
  /**
   * Articles of the knowledge base that answered (POL-16, POL-40).
   */
  articles: string[];
  origin: Origin;
}
/**
 * A contact that opens no request, or follows one up. Source: POL-10, POL-31.
 */
export interface InteractionSubmission {
  channel: Channel;
  language?: Language;
  subject?: string | null;
  text?: string;
  about?: RequestPointer | null;
  /**
   * Answered on the spot by the first line (POL-34).
   */
  answered?: boolean;
  /**
   * Articles of the town's knowledge base that answered (POL-16).
   *
   * @maxItems 20
   */
  articles?: string[];
  backlog?: boolean;
}
/**
 * A contact that opens no request, or follows one up. Source: POL-10, POL-31.
 */
export interface InteractionSubmissionEvent {
  specversion: "1.0";
  id: string;
  source: string;
  type: "submission.interaction.v1";
  /**
   * When it happened in the town.
   */
  time: string;
  datacontenttype?: "application/json";
  data: InteractionSubmission;
  [k: string]: unknown;
}
/**
 * A reviewed learning, signed off for the report. Source: POL-37, POL-38.
 */
export interface LearningPublishedHeard {
  specversion: "1.0";
  id: string;
  /**
   * The service that decided: `/clic/intake`.
   */
  source: string;
  type: "learning.published.v1";
  /**
   * Whose story this is part of.
   */
  subject: string;
  /**
   * When it happened in the town.
   */
  time: string;
  /**
   * `time` is assumed: no record says when it happened.
   */
  timeassumed: boolean;
  /**
   * When the log took it.
   */
  recordedat: string;
  /**
   * Content hash of the town's configuration that decided.
   */
  town: string;
  datacontenttype: "application/json";
  data: LearningPublishedHeardData;
}
/**
 * A reviewed learning, signed off for the report. Source: POL-37, POL-38.
 */
export interface LearningPublishedHeardData {
  /**
   * Reviewed: holds no personal data.
   */
  text: string;
  period: string;
}
/**
 * A published learning is shown no more, in no report of any position. Source: POL-37, POL-38.
 */
export interface LearningWithdrawnHeard {
  specversion: "1.0";
  id: string;
  /**
   * The service that decided: `/clic/intake`.
   */
  source: string;
  type: "learning.withdrawn.v1";
  /**
   * Whose story this is part of.
   */
  subject: string;
  /**
   * When it happened in the town.
   */
  time: string;
  /**
   * `time` is assumed: no record says when it happened.
   */
  timeassumed: boolean;
  /**
   * When the log took it.
   */
  recordedat: string;
  /**
   * Content hash of the town's configuration that decided.
   */
  town: string;
  datacontenttype: "application/json";
  data: LearningWithdrawnHeardData;
}
/**
 * A published learning is shown no more, in no report of any position. Source: POL-37, POL-38.
 */
export interface LearningWithdrawnHeardData {
  /**
   * Why: `error`, `personal_data`, `outdated`.
   */
  ground: string;
  /**
   * Of the text that is withdrawn.
   */
  period: string;
}
/**
 * How a request ended, from whoever treated it. Source: POL-17, POL-27.
 *
 * `closed` says that the citizen was answered and the request is done with: it records both facts.
 */
export interface OutcomeSubmission {
  about: RequestPointer;
  outcome: "answered" | "closed" | "refused" | "withdrawn" | "voided" | "reopened";
  /**
   * By which the citizen was told.
   */
  channel?: Channel;
  text?: string;
  answered_by?: string | null;
  access_outcome?: AccessOutcome | null;
  /**
   * @maxItems 50
   */
  provisions?: string[];
  /**
   * Of a refusal.
   */
  criterion?: Criterion | null;
  /**
   * Of a refusal: who can help instead. Of the access outcome `other_body`: who holds the document.
   */
  turn_to?: string | null;
  voiding?: VoidingReason;
  reopening?: ReopeningReason;
  /**
   * The event's `time` is assumed: the publisher's records do not say when.
   */
  time_assumed?: boolean;
}
/**
 * How a request ended, from whoever treated it. Source: POL-17, POL-27.
 *
 * `closed` says that the citizen was answered and the request is done with: it records both facts.
 */
export interface OutcomeSubmissionEvent {
  specversion: "1.0";
  id: string;
  source: string;
  type: "submission.outcome.v1";
  /**
   * When it happened in the town.
   */
  time: string;
  datacontenttype?: "application/json";
  data: OutcomeSubmission;
  [k: string]: unknown;
}
/**
 * Personal data of this request can no longer be read; the facts stay. Source: POL-30, A-2.1 art. 73.
 */
export interface PersonalDataErasedHeard {
  specversion: "1.0";
  id: string;
  /**
   * The service that decided: `/clic/intake`.
   */
  source: string;
  type: "request.erased.v1";
  /**
   * Whose story this is part of.
   */
  subject: string;
  /**
   * When it happened in the town.
   */
  time: string;
  /**
   * `time` is assumed: no record says when it happened.
   */
  timeassumed: boolean;
  /**
   * When the log took it.
   */
  recordedat: string;
  /**
   * Content hash of the town's configuration that decided.
   */
  town: string;
  datacontenttype: "application/json";
  data: PersonalDataErasedHeardData;
}
/**
 * Personal data of this request can no longer be read; the facts stay. Source: POL-30, A-2.1 art. 73.
 */
export interface PersonalDataErasedHeardData {
  ground: string;
}
/**
 * Where. The exact place is sealed; the sector alone is published.
 */
export interface Place {
  sector?: string | null;
  address?: string | null;
  latitude?: number | null;
  longitude?: number | null;
}
/**
 * What is wrong with a submission: RFC 9457, with one entry per error.
 */
export interface Problem {
  /**
   * A URI reference that identifies the kind of problem.
   */
  type: string;
  title: string;
  /**
   * The HTTP status that goes with it.
   */
  status: number;
  detail: string;
  errors?: ProblemError[];
}
/**
 * One thing that is wrong, where, and how to mend it.
 */
export interface ProblemError {
  /**
   * JSON pointer (RFC 6901) into the submission.
   */
  pointer: string;
  detail: string;
  mend: string;
}
/**
 * A note or an agreed date from whoever does the work. Source: POL-19, POL-28.
 */
export interface ProgressSubmission {
  about: RequestPointer;
  text?: string;
  /**
   * A date that was agreed with the citizen.
   */
  promised_on?: string | null;
}
/**
 * A note or an agreed date from whoever does the work. Source: POL-19, POL-28.
 */
export interface ProgressSubmissionEvent {
  specversion: "1.0";
  id: string;
  source: string;
  type: "submission.progress.v1";
  /**
   * When it happened in the town.
   */
  time: string;
  datacontenttype?: "application/json";
  data: ProgressSubmission;
  [k: string]: unknown;
}
/**
 * The one answer to a submission, on `clic.receipt.<publisher>.<event id>`.
 */
export interface Receipt {
  status: "accepted" | "known" | "refused" | "quarantined";
  source?: string | null;
  id?: string | null;
  request_id?: string | null;
  reference?: string | null;
  /**
   * Text for the citizen (POL-18), where one is due.
   */
  acknowledgement?: string | null;
  problem?: Problem | null;
  at: string;
}
/**
 * The citizen was told that the request is registered. Source: POL-13 to POL-15, POL-18.
 */
export interface RequestAcknowledgedHeard {
  specversion: "1.0";
  id: string;
  /**
   * The service that decided: `/clic/intake`.
   */
  source: string;
  type: "request.acknowledged.v1";
  /**
   * Whose story this is part of.
   */
  subject: string;
  /**
   * When it happened in the town.
   */
  time: string;
  /**
   * `time` is assumed: no record says when it happened.
   */
  timeassumed: boolean;
  /**
   * When the log took it.
   */
  recordedat: string;
  /**
   * Content hash of the town's configuration that decided.
   */
  town: string;
  datacontenttype: "application/json";
  data: RequestAcknowledgedHeardData;
}
/**
 * The citizen was told that the request is registered. Source: POL-13 to POL-15, POL-18.
 */
export interface RequestAcknowledgedHeardData {
  delivery: Delivery;
}
/**
 * A person judged that a request is admissible. Source: POL-05 to POL-09, POL-12.
 */
export interface RequestAdmittedHeard {
  specversion: "1.0";
  id: string;
  /**
   * The service that decided: `/clic/intake`.
   */
  source: string;
  type: "request.admitted.v1";
  /**
   * Whose story this is part of.
   */
  subject: string;
  /**
   * When it happened in the town.
   */
  time: string;
  /**
   * `time` is assumed: no record says when it happened.
   */
  timeassumed: boolean;
  /**
   * When the log took it.
   */
  recordedat: string;
  /**
   * Content hash of the town's configuration that decided.
   */
  town: string;
  datacontenttype: "application/json";
  data: RequestAdmittedHeardData;
}
/**
 * A person judged that a request is admissible. Source: POL-05 to POL-09, POL-12.
 */
export interface RequestAdmittedHeardData {
  /**
   * Criteria of the Direction générale's form that were found to be so (POL-12).
   */
  complaint_criteria: string[];
}
/**
 * The citizen was answered. Source: POL-17, POL-22, POL-27.
 */
export interface RequestAnsweredHeard {
  specversion: "1.0";
  id: string;
  /**
   * The service that decided: `/clic/intake`.
   */
  source: string;
  type: "request.answered.v1";
  /**
   * Whose story this is part of.
   */
  subject: string;
  /**
   * When it happened in the town.
   */
  time: string;
  /**
   * `time` is assumed: no record says when it happened.
   */
  timeassumed: boolean;
  /**
   * When the log took it.
   */
  recordedat: string;
  /**
   * Content hash of the town's configuration that decided.
   */
  town: string;
  datacontenttype: "application/json";
  data: RequestAnsweredHeardData;
}
/**
 * The citizen was answered. Source: POL-17, POL-22, POL-27.
 */
export interface RequestAnsweredHeardData {
  delivery: Delivery;
  /**
   * None: the department in charge.
   */
  answered_by?: string | null;
  access_outcome?: AccessOutcome | null;
  /**
   * Provisions that a refusal relies on (A-2.1 art. 50).
   */
  provisions: string[];
  /**
   * Of the outcome `other_body`: which one holds the document better (A-2.1 art. 48).
   */
  body?: string | null;
}
/**
 * The desk is done with a request. Source: POL-27.
 */
export interface RequestClosedHeard {
  specversion: "1.0";
  id: string;
  /**
   * The service that decided: `/clic/intake`.
   */
  source: string;
  type: "request.closed.v1";
  /**
   * Whose story this is part of.
   */
  subject: string;
  /**
   * When it happened in the town.
   */
  time: string;
  /**
   * `time` is assumed: no record says when it happened.
   */
  timeassumed: boolean;
  /**
   * When the log took it.
   */
  recordedat: string;
  /**
   * Content hash of the town's configuration that decided.
   */
  town: string;
  datacontenttype: "application/json";
  data: RequestClosedHeardData;
}
/**
 * The desk is done with a request. Source: POL-27.
 */
export interface RequestClosedHeardData {
  reason: ClosingReason;
}
/**
 * What was missing has been given. Source: POL-06, POL-21.
 */
export interface RequestCompletedHeard {
  specversion: "1.0";
  id: string;
  /**
   * The service that decided: `/clic/intake`.
   */
  source: string;
  type: "request.completed.v1";
  /**
   * Whose story this is part of.
   */
  subject: string;
  /**
   * When it happened in the town.
   */
  time: string;
  /**
   * `time` is assumed: no record says when it happened.
   */
  timeassumed: boolean;
  /**
   * When the log took it.
   */
  recordedat: string;
  /**
   * Content hash of the town's configuration that decided.
   */
  town: string;
  datacontenttype: "application/json";
  data: RequestCompletedHeardData;
}
/**
 * What was missing has been given. Source: POL-06, POL-21.
 */
export interface RequestCompletedHeardData {
  /**
   * @minItems 1
   */
  given: Missing[];
}
/**
 * What the town publishes of a request: reviewed words, never the citizen's own. Source: POL-30, GeoReport v2.
 */
export interface RequestDescribedHeard {
  specversion: "1.0";
  id: string;
  /**
   * The service that decided: `/clic/intake`.
   */
  source: string;
  type: "request.described.v1";
  /**
   * Whose story this is part of.
   */
  subject: string;
  /**
   * When it happened in the town.
   */
  time: string;
  /**
   * `time` is assumed: no record says when it happened.
   */
  timeassumed: boolean;
  /**
   * When the log took it.
   */
  recordedat: string;
  /**
   * Content hash of the town's configuration that decided.
   */
  town: string;
  datacontenttype: "application/json";
  data: RequestDescribedHeardData;
}
/**
 * What the town publishes of a request: reviewed words, never the citizen's own. Source: POL-30, GeoReport v2.
 */
export interface RequestDescribedHeardData {
  /**
   * Holds no personal data; empty: nothing is published.
   */
  text: string;
  /**
   * Why it is as it is; holds no personal data.
   */
  status_notes: string;
}
/**
 * The one extension of an access request (POL-23, A-2.1 art. 47) or of a complaint, with its notice.
 */
export interface RequestExtendedHeard {
  specversion: "1.0";
  id: string;
  /**
   * The service that decided: `/clic/intake`.
   */
  source: string;
  type: "request.extended.v1";
  /**
   * Whose story this is part of.
   */
  subject: string;
  /**
   * When it happened in the town.
   */
  time: string;
  /**
   * `time` is assumed: no record says when it happened.
   */
  timeassumed: boolean;
  /**
   * When the log took it.
   */
  recordedat: string;
  /**
   * Content hash of the town's configuration that decided.
   */
  town: string;
  datacontenttype: "application/json";
  data: RequestExtendedHeardData;
}
/**
 * The one extension of an access request (POL-23, A-2.1 art. 47) or of a complaint, with its notice.
 */
export interface RequestExtendedHeardData {
  /**
   * Calendar days; of a complaint, business days.
   */
  days: number;
  notice: Delivery;
}
/**
 * An outside body is done with its part of a request, or will not do it. Source: POL-29.
 */
export interface RequestHandedBackHeard {
  specversion: "1.0";
  id: string;
  /**
   * The service that decided: `/clic/intake`.
   */
  source: string;
  type: "request.handed_back.v1";
  /**
   * Whose story this is part of.
   */
  subject: string;
  /**
   * When it happened in the town.
   */
  time: string;
  /**
   * `time` is assumed: no record says when it happened.
   */
  timeassumed: boolean;
  /**
   * When the log took it.
   */
  recordedat: string;
  /**
   * Content hash of the town's configuration that decided.
   */
  town: string;
  datacontenttype: "application/json";
  data: RequestHandedBackHeardData;
}
/**
 * An outside body is done with its part of a request, or will not do it. Source: POL-29.
 */
export interface RequestHandedBackHeardData {
  done: boolean;
}
/**
 * Work on a request was given to an outside body; the town still answers for it. Source: POL-29.
 */
export interface RequestHandedOverHeard {
  specversion: "1.0";
  id: string;
  /**
   * The service that decided: `/clic/intake`.
   */
  source: string;
  type: "request.handed_over.v1";
  /**
   * Whose story this is part of.
   */
  subject: string;
  /**
   * When it happened in the town.
   */
  time: string;
  /**
   * `time` is assumed: no record says when it happened.
   */
  timeassumed: boolean;
  /**
   * When the log took it.
   */
  recordedat: string;
  /**
   * Content hash of the town's configuration that decided.
   */
  town: string;
  datacontenttype: "application/json";
  data: RequestHandedOverHeardData;
}
/**
 * Work on a request was given to an outside body; the town still answers for it. Source: POL-29.
 */
export interface RequestHandedOverHeardData {
  to: string;
  /**
   * By the end of this day, as agreed with that body; None: the town's standard.
   */
  expected_on?: string | null;
}
/**
 * Something is missing and the citizen is asked for it. Source: POL-06, POL-21.
 */
export interface RequestIncompleteHeard {
  specversion: "1.0";
  id: string;
  /**
   * The service that decided: `/clic/intake`.
   */
  source: string;
  type: "request.incomplete.v1";
  /**
   * Whose story this is part of.
   */
  subject: string;
  /**
   * When it happened in the town.
   */
  time: string;
  /**
   * `time` is assumed: no record says when it happened.
   */
  timeassumed: boolean;
  /**
   * When the log took it.
   */
  recordedat: string;
  /**
   * Content hash of the town's configuration that decided.
   */
  town: string;
  datacontenttype: "application/json";
  data: RequestIncompleteHeardData;
}
/**
 * Something is missing and the citizen is asked for it. Source: POL-06, POL-21.
 */
export interface RequestIncompleteHeardData {
  /**
   * @minItems 1
   */
  missing: Missing[];
  /**
   * None: nobody could be asked yet.
   */
  asked?: Delivery | null;
}
/**
 * A duplicate was joined to another request, which goes on for both.
 */
export interface RequestMergedHeard {
  specversion: "1.0";
  id: string;
  /**
   * The service that decided: `/clic/intake`.
   */
  source: string;
  type: "request.merged.v1";
  /**
   * Whose story this is part of.
   */
  subject: string;
  /**
   * When it happened in the town.
   */
  time: string;
  /**
   * `time` is assumed: no record says when it happened.
   */
  timeassumed: boolean;
  /**
   * When the log took it.
   */
  recordedat: string;
  /**
   * Content hash of the town's configuration that decided.
   */
  town: string;
  datacontenttype: "application/json";
  data: RequestMergedHeardData;
}
/**
 * A duplicate was joined to another request, which goes on for both.
 */
export interface RequestMergedHeardData {
  into: string;
}
/**
 * A date was agreed with the citizen; it overrides the standard. Source: POL-19.
 */
export interface RequestPromisedHeard {
  specversion: "1.0";
  id: string;
  /**
   * The service that decided: `/clic/intake`.
   */
  source: string;
  type: "request.promised.v1";
  /**
   * Whose story this is part of.
   */
  subject: string;
  /**
   * When it happened in the town.
   */
  time: string;
  /**
   * `time` is assumed: no record says when it happened.
   */
  timeassumed: boolean;
  /**
   * When the log took it.
   */
  recordedat: string;
  /**
   * Content hash of the town's configuration that decided.
   */
  town: string;
  datacontenttype: "application/json";
  data: RequestPromisedHeardData;
}
/**
 * A date was agreed with the citizen; it overrides the standard. Source: POL-19.
 */
export interface RequestPromisedHeardData {
  /**
   * To be kept by the end of this day, in the town's time.
   */
  due_on: string;
}
/**
 * The citizen said how satisfied they are. Source: POL-39.
 */
export interface RequestRatedHeard {
  specversion: "1.0";
  id: string;
  /**
   * The service that decided: `/clic/intake`.
   */
  source: string;
  type: "request.rated.v1";
  /**
   * Whose story this is part of.
   */
  subject: string;
  /**
   * When it happened in the town.
   */
  time: string;
  /**
   * `time` is assumed: no record says when it happened.
   */
  timeassumed: boolean;
  /**
   * When the log took it.
   */
  recordedat: string;
  /**
   * Content hash of the town's configuration that decided.
   */
  town: string;
  datacontenttype: "application/json";
  data: RequestRatedHeardData;
}
/**
 * The citizen said how satisfied they are. Source: POL-39.
 */
export interface RequestRatedHeardData {
  /**
   * 1 (not at all) to 5 (entirely).
   */
  score: number;
}
/**
 * A request is registered at the desk. Source: POL-01 to POL-06, POL-10.
 */
export interface RequestReceivedHeard {
  specversion: "1.0";
  id: string;
  /**
   * The service that decided: `/clic/intake`.
   */
  source: string;
  type: "request.received.v1";
  /**
   * Whose story this is part of.
   */
  subject: string;
  /**
   * When it happened in the town.
   */
  time: string;
  /**
   * `time` is assumed: no record says when it happened.
   */
  timeassumed: boolean;
  /**
   * When the log took it.
   */
  recordedat: string;
  /**
   * Content hash of the town's configuration that decided.
   */
  town: string;
  datacontenttype: "application/json";
  data: RequestReceivedHeardData;
}
/**
 * A request is registered at the desk. Source: POL-01 to POL-06, POL-10.
 */
export interface RequestReceivedHeardData {
  reference: string;
  kind: Kind;
  /**
   * The channel of the first contact.
   */
  channel: Channel;
  language: Language;
  /**
   * None: no subject of the town foresaw it (POL-36).
   */
  subject?: string | null;
  /**
   * Terms of the town's closed vocabulary, picked before sealing.
   */
  terms: string[];
  /**
   * Where, as coarsely as the town publishes it.
   */
  sector?: string | null;
  requester: RequesterPresence;
  /**
   * Whether it came in writing: only then can it be reviewed (POL-20).
   */
  written?: boolean | null;
  /**
   * Visible to its department alone (POL-26).
   */
  confidential: boolean;
  /**
   * Criteria of the Direction générale's form that were declared (POL-12).
   */
  complaint_criteria: string[];
  origin: Origin;
  /**
   * Why it is treated in another language than French, as the town names it.
   */
  language_ground?: string | null;
  /**
   * A safety report: it is acted on, also without a name or contact (POL-06).
   */
  urgent: boolean;
}
/**
 * A request is not admissible, on which criterion, and where to turn. Source: POL-07 to POL-09.
 */
export interface RequestRefusedHeard {
  specversion: "1.0";
  id: string;
  /**
   * The service that decided: `/clic/intake`.
   */
  source: string;
  type: "request.refused.v1";
  /**
   * Whose story this is part of.
   */
  subject: string;
  /**
   * When it happened in the town.
   */
  time: string;
  /**
   * `time` is assumed: no record says when it happened.
   */
  timeassumed: boolean;
  /**
   * When the log took it.
   */
  recordedat: string;
  /**
   * Content hash of the town's configuration that decided.
   */
  town: string;
  datacontenttype: "application/json";
  data: RequestRefusedHeardData;
}
/**
 * A request is not admissible, on which criterion, and where to turn. Source: POL-07 to POL-09.
 */
export interface RequestRefusedHeardData {
  criterion: Criterion;
  /**
   * None: a person or the publisher judged.
   */
  rule?: RuleRef | null;
  /**
   * The body that can help instead.
   */
  turn_to?: string | null;
  /**
   * None: the citizen is still to be told.
   */
  sent?: Delivery | null;
}
/**
 * Which rule of the town decided; the town's version is in the envelope.
 */
export interface RuleRef {
  code: string;
}
/**
 * A closed request goes on. Source: POL-39.
 */
export interface RequestReopenedHeard {
  specversion: "1.0";
  id: string;
  /**
   * The service that decided: `/clic/intake`.
   */
  source: string;
  type: "request.reopened.v1";
  /**
   * Whose story this is part of.
   */
  subject: string;
  /**
   * When it happened in the town.
   */
  time: string;
  /**
   * `time` is assumed: no record says when it happened.
   */
  timeassumed: boolean;
  /**
   * When the log took it.
   */
  recordedat: string;
  /**
   * Content hash of the town's configuration that decided.
   */
  town: string;
  datacontenttype: "application/json";
  data: RequestReopenedHeardData;
}
/**
 * A closed request goes on. Source: POL-39.
 */
export interface RequestReopenedHeardData {
  reason: ReopeningReason;
}
/**
 * A request was given to the department that will answer it. Source: POL-10 to POL-12, POL-16, POL-20.
 */
export interface RequestRoutedHeard {
  specversion: "1.0";
  id: string;
  /**
   * The service that decided: `/clic/intake`.
   */
  source: string;
  type: "request.routed.v1";
  /**
   * Whose story this is part of.
   */
  subject: string;
  /**
   * When it happened in the town.
   */
  time: string;
  /**
   * `time` is assumed: no record says when it happened.
   */
  timeassumed: boolean;
  /**
   * When the log took it.
   */
  recordedat: string;
  /**
   * Content hash of the town's configuration that decided.
   */
  town: string;
  datacontenttype: "application/json";
  data: RequestRoutedHeardData;
}
/**
 * A request was given to the department that will answer it. Source: POL-10 to POL-12, POL-16, POL-20.
 */
export interface RequestRoutedHeardData {
  department: string;
  /**
   * None: a person chose.
   */
  rule?: RuleRef | null;
  /**
   * Answered by CLIC itself (POL-34).
   */
  first_line: boolean;
  /**
   * No rule or subject foresaw it (POL-36).
   */
  unusual: boolean;
}
/**
 * One contact turned out to be several requests; this one goes on beside the new ones.
 */
export interface RequestSplitHeard {
  specversion: "1.0";
  id: string;
  /**
   * The service that decided: `/clic/intake`.
   */
  source: string;
  type: "request.split.v1";
  /**
   * Whose story this is part of.
   */
  subject: string;
  /**
   * When it happened in the town.
   */
  time: string;
  /**
   * `time` is assumed: no record says when it happened.
   */
  timeassumed: boolean;
  /**
   * When the log took it.
   */
  recordedat: string;
  /**
   * Content hash of the town's configuration that decided.
   */
  town: string;
  datacontenttype: "application/json";
  data: RequestSplitHeardData;
}
/**
 * One contact turned out to be several requests; this one goes on beside the new ones.
 */
export interface RequestSplitHeardData {
  /**
   * @minItems 1
   */
  into: string[];
}
/**
 * Somebody addressed a request, report, complaint, comment or suggestion to the town. Source: POL-01 to POL-06.
 */
export interface RequestSubmission {
  kind: Kind;
  channel: Channel;
  language?: Language;
  /**
   * A subject of the town, where the publisher knows it.
   */
  subject?: string | null;
  text?: string;
  requester?: Requester | null;
  /**
   * The publisher knows the requester and keeps the name; for publishers that the town allows it.
   */
  requester_withheld?: boolean;
  place?: Place | null;
  /**
   * Further channels by which the same thing was asked for again.
   *
   * @maxItems 20
   */
  also_by?: Channel[];
  /**
   * Access requests: in writing or not (POL-20).
   */
  written?: boolean | null;
  /**
   * Source: POL-12.
   *
   * @maxItems 20
   */
  complaint_criteria?: string[];
  /**
   * The publisher has told the citizen already.
   */
  acknowledged?: Told | null;
  /**
   * Out of an older system's records, not as it happens.
   */
  backlog?: boolean;
  /**
   * Why another language than French: a code of the town, such as `citizen_wish`.
   */
  language_ground?: string | null;
  /**
   * Answers to the questions that the town asks about the subject, by their code.
   */
  attributes?: {
    /**
     * This interface was referenced by `undefined`'s JSON-Schema definition
     * via the `patternProperty` "^[a-z][a-z0-9_]{0,62}$".
     */
    [k: string]: string;
  };
}
/**
 * That the citizen was told something, as the publisher says.
 */
export interface Told {
  channel: Channel;
  at: string;
}
/**
 * Somebody addressed a request, report, complaint, comment or suggestion to the town. Source: POL-01 to POL-06.
 */
export interface RequestSubmissionEvent {
  specversion: "1.0";
  id: string;
  source: string;
  type: "submission.request.v1";
  /**
   * When it happened in the town.
   */
  time: string;
  datacontenttype?: "application/json";
  data: RequestSubmission;
  [k: string]: unknown;
}
/**
 * A record proved to be no request: entered by mistake. It stays counted as received, apart.
 */
export interface RequestVoidedHeard {
  specversion: "1.0";
  id: string;
  /**
   * The service that decided: `/clic/intake`.
   */
  source: string;
  type: "request.voided.v1";
  /**
   * Whose story this is part of.
   */
  subject: string;
  /**
   * When it happened in the town.
   */
  time: string;
  /**
   * `time` is assumed: no record says when it happened.
   */
  timeassumed: boolean;
  /**
   * When the log took it.
   */
  recordedat: string;
  /**
   * Content hash of the town's configuration that decided.
   */
  town: string;
  datacontenttype: "application/json";
  data: RequestVoidedHeardData;
}
/**
 * A record proved to be no request: entered by mistake. It stays counted as received, apart.
 */
export interface RequestVoidedHeardData {
  reason: VoidingReason;
}

/** What a publisher sends, in its envelope. */
export type SubmissionEvent =
  | RequestSubmissionEvent
  | InteractionSubmissionEvent
  | AcknowledgementSubmissionEvent
  | CompletionSubmissionEvent
  | ProgressSubmissionEvent
  | OutcomeSubmissionEvent;

/** What a subscriber hears. Told apart by `type`. */
export type FeedEvent =
  | RequestReceivedHeard
  | RequestIncompleteHeard
  | RequestCompletedHeard
  | RequestRefusedHeard
  | RequestAcknowledgedHeard
  | RequestMergedHeard
  | RequestSplitHeard
  | RequestPromisedHeard
  | RequestExtendedHeard
  | RequestAnsweredHeard
  | RequestClosedHeard
  | RequestVoidedHeard
  | RequestReopenedHeard
  | RequestRatedHeard
  | PersonalDataErasedHeard
  | InteractionRecordedHeard
  | LearningPublishedHeard
  | RequestRoutedHeard
  | LearningWithdrawnHeard
  | RequestDescribedHeard
  | RequestAdmittedHeard
  | RequestHandedOverHeard
  | RequestHandedBackHeard;

/** The event of the feed with this wire type. */
export type FeedEventOf<T extends FeedEvent["type"]> = Extract<FeedEvent, { type: T }>;
