//! Where we do something else than the original, step by step.

use Reason::{AnotherError, NoIdeal, NotExpressible, OnPurpose};
use serde_json::Value;

/// A step of a vector that gives something else than is recorded.
pub(crate) struct Exception {
    /// Group and name.
    pub(crate) vector: &'static str,
    /// Which of its steps, from 0.
    pub(crate) step: usize,
    /// What the step gives, as JSON.
    pub(crate) ours: &'static str,
    pub(crate) reason: Reason,
}

/// Why a step gives something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// The types rule out what the step does, so it is passed over.
    NotExpressible,
    /// Left out or done otherwise on purpose: the comment over the row says which and why.
    OnPurpose,
    /// Refused alike, with an error of another kind.
    AnotherError,
    /// The original does it wrong, but the record has no `ideal` for it: the comment over the row says what is right.
    NoIdeal,
}

impl Reason {
    /// Tells whether the step that gives `ours` can have this reason.
    pub(crate) fn fits(self, recorded: &Value, ours: &Value) -> bool {
        let is_inexpressible = ours.get("inexpressible").is_some();
        match self {
            Self::NotExpressible => is_inexpressible,
            Self::AnotherError => recorded.get("error").is_some_and(|kind| ours.get("error").is_some_and(|ours| ours != kind)),
            Self::OnPurpose | Self::NoIdeal => !is_inexpressible,
        }
    }
}

const fn row(vector: &'static str, step: usize, ours: &'static str, reason: Reason) -> Exception {
    Exception { vector, step, ours, reason }
}

const NEGATIVE: &str = r#"{"inexpressible": "a negative number"}"#;
const SHORT: &str = r#"{"error": "need_more_data"}"#;

#[rustfmt::skip]
pub(crate) const EXCEPTIONS: &[Exception] = &[
    // Numbers of bytes, and bounds, are unsigned.
    row("find_rfind/linear/negative_bounds", 1, NEGATIVE, NotExpressible),
    row("find_rfind/linear/negative_bounds", 2, NEGATIVE, NotExpressible),
    row("find_rfind/linear/negative_bounds", 3, NEGATIVE, NotExpressible),
    row("find_rfind/linear/negative_bounds", 4, NEGATIVE, NotExpressible),
    row("find_rfind/linear/negative_bounds", 5, NEGATIVE, NotExpressible),
    row("coalesce_reserve/coalesce_bounds", 2, NEGATIVE, NotExpressible),
    row("consume_split/segmented/advance_bounds", 1, NEGATIVE, NotExpressible),
    row("consume_split/linear/split_bounds", 1, NEGATIVE, NotExpressible),
    row("reader/negative_sizes", 1, NEGATIVE, NotExpressible),
    row("reader/negative_sizes", 2, NEGATIVE, NotExpressible),
    row("reader/negative_sizes", 3, NEGATIVE, NotExpressible),
    row("length_field_framing/construct_neg_offset", 0, NEGATIVE, NotExpressible),
    row("length_field_framing/construct_neg_max", 0, NEGATIVE, NotExpressible),
    row("length_field_framing/construct_bad_order", 0, r#"{"inexpressible": "an order neither big nor little"}"#, NotExpressible),

    // More bytes than there are: more may come, so it is the one "not yet" of the crate.
    row("coalesce_reserve/coalesce_bounds", 1, SHORT, AnotherError),
    row("coalesce_reserve/coalesce_empty_buffer", 2, SHORT, AnotherError),
    row("consume_split/segmented/advance_bounds", 2, SHORT, AnotherError),
    row("consume_split/segmented/advance_bounds", 7, SHORT, AnotherError),
    row("consume_split/linear/split_bounds", 2, SHORT, AnotherError),
    row("consume_split/linear/split_bounds", 8, SHORT, AnotherError),
    row("consume_split/direct/basic", 9, SHORT, AnotherError),
    row("consume_split/direct/empty", 6, SHORT, AnotherError),

    // While storage is out, reading and consuming go on: no live byte is in it.
    row("coalesce_reserve/coalesce_while_reserved", 2, r#""6162""#, OnPurpose),
    row("coalesce_reserve/BUG_segmented_reserve_does_not_block", 4, "null", OnPurpose),
    row("coalesce_reserve/BUG_segmented_reserve_does_not_block", 5, r#""62""#, OnPurpose),
    row("coalesce_reserve/BUG_segmented_reserve_does_not_block", 7, r#""6364""#, OnPurpose),

    // The limit is judged when bytes are reserved, before any are read that could not be kept. Where there is no room at all, nothing is lent, and there is nothing to commit.
    row("limits/segmented/commit_over_limit_drops_reservation", 0, "3", OnPurpose),
    row("limits/segmented/commit_over_limit_drops_reservation", 2, r#"{"error": "invalid_argument"}"#, AnotherError),
    row("limits/linear/commit_over_limit_drops_reservation", 0, "3", OnPurpose),
    row("limits/linear/commit_over_limit_drops_reservation", 2, r#"{"error": "invalid_argument"}"#, AnotherError),
    row("limits/segmented/max_zero", 2, r#"{"error": "buffer_too_large"}"#, OnPurpose),
    row("limits/segmented/max_zero", 3, r#"{"error": "no_outstanding_reserve"}"#, OnPurpose),
    row("limits/segmented/max_zero", 4, r#"{"error": "buffer_too_large"}"#, OnPurpose),
    row("limits/segmented/max_zero", 5, r#"{"error": "no_outstanding_reserve"}"#, AnotherError),

    // Small writes share a segment. (In segments of their own they give what is recorded: the runner checks it.)
    row("coalesce_reserve/coalesce_exact_boundary", 4, r#"["616263646566"]"#, OnPurpose),
    row("coalesce_reserve/reserve_flushes_chunk_when_it_does_not_fit", 8, r#"["787878787878616263645a"]"#, OnPurpose),
    row("coalesce_reserve/reserve_larger_than_chunk", 6, r#"["68656c6c6f78"]"#, OnPurpose),
    row("coalesce_reserve/large_write_own_segment", 3, r#"["6162637878787878787878787878787878787878787878787878787878787878787878"]"#, OnPurpose),
    row("coalesce_reserve/unchunked_each_write_a_segment", 3, r#"["6162"]"#, OnPurpose),
    row("consume_split/segmented/peek_is_first_segment_only", 2, r#""616263646566""#, OnPurpose),
    row("consume_split/segmented/peek_is_first_segment_only", 4, r#""63646566""#, OnPurpose),

    // Nothing is put in front of a stream: what an engine has not taken stays in it.
    row("coalesce_reserve/prepend_variants", 0, r#"{"missing": "prepend"}"#, OnPurpose),
    row("coalesce_reserve/prepend_with_head_offset_in_chunk", 2, r#"{"missing": "prepend"}"#, OnPurpose),
    row("coalesce_reserve/prepend_while_reserved_refused_with_head_offset", 3, r#"{"missing": "prepend"}"#, OnPurpose),

    // A file that has run out, and may go on, is not at its end: it says that more is needed. `read_to_end` has taken what there was by then.
    row("file_adapter/raise_policy_read_all", 0, r#"{"error": "need_more_data", "read": ""}"#, OnPurpose),
    row("file_adapter/raise_policy_read_all", 2, r#"{"error": "need_more_data", "read": "616263"}"#, OnPurpose),
    row("file_adapter/raise_policy_read_all", 3, r#"{"error": "need_more_data", "read": ""}"#, OnPurpose),
    row("file_adapter/raise_policy_read1", 0, SHORT, OnPurpose),
    row("file_adapter/raise_policy_read1", 4, SHORT, OnPurpose),
    row("file_adapter/raise_policy_read1", 6, SHORT, OnPurpose),

    // `fill` is told how many bytes are missing; one read that brings some is always enough, so it is not told whether to read more than once. A single read misses one byte, however large it may be.
    row("file_adapter/fill_policy_surplus_kept", 1, "[2]", OnPurpose),
    row("file_adapter/fill_policy_surplus_kept", 5, "[7]", OnPurpose),
    row("file_adapter/fill_policy_read1", 2, "[1]", OnPurpose),
    row("file_adapter/fill_policy_read1", 6, "[1, 1, 1]", OnPurpose),

    // A linear buffer bounds its block by itself.
    row("consume_split/linear/compact_results", 1, r#"{"missing": "compact"}"#, OnPurpose),

    // "test" is split off whole: the catalogue (sections 1 and 4) calls that a copy of its own, and the record an empty one.
    row("consume_split/linear/split_bounds", 5, r#""74657374""#, NoIdeal),

    // At the end of the stream, what is left is a frame without a delimiter.
    row("delimiter_framing/overlap_byte_by_byte", 6, r#"{"frames": ["63"], "delims": [""], "remaining": ""}"#, OnPurpose),
    row("delimiter_framing/single_nl_stream", 4, r#"{"frames": ["6b"], "delims": [""], "remaining": ""}"#, OnPurpose),
    row("delimiter_framing/crlf_lone_cr_is_data", 2, r#"{"frames": ["630d"], "delims": [""], "remaining": ""}"#, OnPurpose),
    row("delimiter_framing/linear_backend", 2, r#"{"frames": ["63"], "delims": [""], "remaining": ""}"#, OnPurpose),

    // A frame beyond the limit is reported at the first byte that makes it certain, behind the good frames before it.
    row("delimiter_framing/max_exact", 0, r#"{"frames": ["616263"], "delims": ["0a"], "then_error": "frame_too_large", "remaining": "78787878"}"#, OnPurpose),
    row("delimiter_framing/good_frames_then_oversized_tail", 0, r#"{"frames": ["6162"], "delims": ["0a"], "then_error": "frame_too_large", "remaining": "616263646566"}"#, OnPurpose),

    // One error for a frame beyond the limit, whether its delimiter is there or not: the other would tell of the chunking.
    row("delimiter_framing/max_exceeded_before_delim", 0, r#"{"error": "frame_too_large", "remaining": "61626364"}"#, AnotherError),
    row("delimiter_framing/max_zero", 1, r#"{"error": "frame_too_large", "remaining": "61"}"#, AnotherError),
    row("delimiter_framing/good_frames_then_oversized_tail", 1, r#"{"error": "frame_too_large", "remaining": "616263646566"}"#, AnotherError),

    // "xaaaaay" by "aa" from the left is "x", "", and "ay" in the end. The record says so too (its note: "leftmost"), but the original missed the match across its segments (W-02).
    row("delimiter_framing/self_overlapping_delim", 1, r#"{"frames": [""], "delims": ["6161"], "remaining": "6179"}"#, NoIdeal),
    row("delimiter_framing/self_overlapping_delim", 2, r#"{"frames": ["6179"], "delims": [""], "remaining": ""}"#, NoIdeal),

    // A stream that has failed takes nothing.
    row("length_field_framing/max_error_sticky", 2, r#"{"error": "frame_too_large", "remaining": "00000005"}"#, OnPurpose),

    // A length too small for its header is the peer's fault, not the caller's, and known from the header alone. What follows is not taken.
    row("length_field_framing/negative_total", 0, r#"{"error": "corrupt_length", "remaining": "0000"}"#, AnotherError),
    row("length_field_framing/negative_total", 1, r#"{"error": "corrupt_length", "remaining": "0000"}"#, AnotherError),
    row("length_field_framing/strip_more_than_frame", 0, r#"{"error": "corrupt_length", "remaining": "0000"}"#, AnotherError),
    row("length_field_framing/strip_more_than_frame", 1, r#"{"error": "corrupt_length", "remaining": "0000"}"#, AnotherError),
    row("length_field_framing/strip_more_than_frame", 2, r#"{"error": "corrupt_length", "remaining": "0000"}"#, AnotherError),

    // There is no chain of handlers that pass messages on, hold them back, are removed by hand, or ask for functions to be run later: a protocol is one type, with its layers in it, whoever steps sees
    // its events, and what is to be done later the application does.
    row("pipeline_core/one_to_many", 0, r#"{"missing": "handlers that feed others"}"#, OnPurpose),
    row("pipeline_core/defer_goes_out_then_runs", 0, r#"{"missing": "functions that run later"}"#, OnPurpose),
    row("pipeline_core/defer_run", 0, r#"{"missing": "functions that run later"}"#, OnPurpose),
    row("pipeline_core/defer_failure_becomes_error", 0, r#"{"missing": "functions that run later"}"#, OnPurpose),
    row("pipeline_core/defer_pins_final_input", 0, r#"{"missing": "functions that run later"}"#, OnPurpose),
    row("pipeline_core/remove_invalidates_context", 1, r#"{"missing": "handlers that are removed"}"#, OnPurpose),

    // So nothing can eat the end, nor put another in its place: it is told once, and has no identity that could be checked.
    row("pipeline_core/must_propagate_eaten", 1, r#"{"events": [{"t": "final_input"}]}"#, OnPurpose),
    row("pipeline_core/must_propagate_replaced_by_equal", 0, r#"{"events": [{"t": "final_input"}]}"#, OnPurpose),

    // And nothing is ever unhandled: an event, or an error, is what the caller's step returns.
    row("pipeline_core/value_reaches_inner_end", 0, r#"{"events": [{"t": "value", "v": "x"}]}"#, OnPurpose),
    row("pipeline_core/value_reaches_inner_end_drop", 0, r#"{"events": [{"t": "value", "v": "x"}]}"#, OnPurpose),
    row("pipeline_core/unhandled_error_surfaces_to_feeder", 0, r#"{"events": [{"t": "error", "error": "invalid_argument"}]}"#, OnPurpose),
    row("pipeline_core/raise_immediately_mode", 0, r#"{"events": [{"t": "error", "error": "invalid_argument"}]}"#, OnPurpose),

    // The end goes out once, however often it is asked for.
    row("pipeline_core/final_output_twice", 1, r#"{"events": []}"#, NoIdeal),

    // Both refuse input after the end; here that is the caller's mistake, not an error inside.
    row("pipeline_core/destroy_is_idempotent_then_refuses", 2, r#"{"refused": "failed"}"#, OnPurpose),

    // A frame that is too long fails the stream for good: no byte is lost from its middle, and nothing is read behind it. The limit is of a frame, not of what is buffered.
    row("pipeline_byte_stages/max_buffer", 1, r#"{"events": [{"t": "error", "error": "frame_too_large"}]}"#, NoIdeal),
    row("pipeline_byte_stages/max_buffer", 2, r#"{"refused": "failed"}"#, NoIdeal),
    row("pipeline_byte_stages/max_buffer", 3, r#"{"events": []}"#, NoIdeal),

    // Frames are told when they are whole, and the driver asks for what is to be read: there is nothing to flush on the way in.
    row("pipeline_byte_stages/buffered_decoder_flow_auto", 1, r#"{"inexpressible": "a flush of input"}"#, NotExpressible),
    row("pipeline_byte_stages/buffered_decoder_flow_auto", 3, r#"{"inexpressible": "a flush of input"}"#, NotExpressible),

    // What is queued is bytes, in order: nothing can overtake them.
    row("pipeline_byte_stages/out_buffer_other_message_overtakes", 1, r#"{"inexpressible": "a message that is no bytes"}"#, NotExpressible),

    // A server skips an empty line before a request (HH-3; RFC 9112 section 2.2 asks for one at least).
    row("http1_request/leading_crlf_refused", 0, r#"{"events": [{"t": "head", "method": "GET", "target": "/", "version": "1.1", "headers": [["host", "x"]]}, {"t": "end"}]}"#, NoIdeal),

    // A coding before chunked is refused with the head, unless it is allowed by its name (HF-5): nobody has to find out where the body ends.
    row("http1_request/BUG_te_gzip_chunked_treated_as_no_body", 0, r#"{"events": [{"t": "error", "error": "http_parse", "code": "coding_before_chunked"}]}"#, OnPurpose),
    row("http1_request/BUG_te_gzip_chunked_treated_as_no_body", 1, r#"{"refused": "failed"}"#, OnPurpose),

    // A stream that has failed takes nothing, which is told (HM-3), and at its end says again why.
    row("http1_request/BUG_anything_after_aborted_raises", 1, r#"{"refused": "failed"}"#, OnPurpose),
    row("http1_request/BUG_anything_after_aborted_raises", 2, r#"{"events": [{"t": "aborted", "reason": "Head exceeded max buffer size"}]}"#, OnPurpose),
    row("http1_aggregate/BUG_declared_length_over_limit", 1, r#"{"refused": "failed"}"#, OnPurpose),
    row("http1_aggregate/BUG_declared_length_over_limit", 2, r#"{"events": [{"t": "aborted", "reason": "frame_too_large"}]}"#, OnPurpose),

    // Many servers leave out the second space where there is no reason (HH-8).
    row("http1_response/missing_second_space", 0, r#"{"events": [{"t": "head", "status": 200, "reason": "", "version": "1.1", "headers": [["content-length", "0"]]}, {"t": "end"}]}"#, OnPurpose),

    // Any status of three digits from 100 on (HH-8), unless `StatusBelow600` is demanded.
    row("http1_response/status_out_of_range", 0, r#"{"events": [{"t": "head", "status": 600, "reason": "X", "version": "1.1", "headers": []}]}"#, OnPurpose),

    // The body of a response that is coded and not chunked goes on until the stream ends, and is marked (HF-9; RFC 9112 section 6.3, rule 4).
    row("http1_response/te_without_chunked", 0, r#"{"events": [{"t": "head", "status": 200, "reason": "OK", "version": "1.1", "headers": [["transfer-encoding", "gzip"]], "coded": true}]}"#, OnPurpose),

    // A size of 20 digits, beyond 2^63 (HB-5): the note of the record asks for its refusal.
    row("http1_chunked/huge_size_waits", 1, r#"{"events": [{"t": "aborted", "reason": "invalid chunk size"}]}"#, NoIdeal),

    // No more data than the Content-Length says, and no end before all of it (HW-5). What is refused is not sent.
    row("http1_encode/BUG_length_mismatch_unchecked", 1, r#"{"error": "3 bytes too many"}"#, NoIdeal),
    row("http1_encode/BUG_length_mismatch_unchecked", 2, r#"{"error": "2 bytes too few"}"#, NoIdeal),

    // Each data is a chunk at once (HW-6): who wants fewer chunks gathers the data first. So nothing is held back that would have to be flushed, or dropped.
    row("http1_chunk_out/one_data", 1, r#"{"output": [{"t": "bytes", "hex": "350d0a68656c6c6f0d0a"}]}"#, OnPurpose),
    row("http1_chunk_out/one_data", 2, r#"{"output": [{"t": "bytes", "hex": "300d0a0d0a"}]}"#, OnPurpose),
    row("http1_chunk_out/small_writes_one_chunk", 1, r#"{"output": [{"t": "bytes", "hex": "310d0a680d0a"}]}"#, OnPurpose),
    row("http1_chunk_out/small_writes_one_chunk", 2, r#"{"output": [{"t": "bytes", "hex": "310d0a650d0a"}]}"#, OnPurpose),
    row("http1_chunk_out/small_writes_one_chunk", 3, r#"{"output": [{"t": "bytes", "hex": "310d0a6c0d0a"}]}"#, OnPurpose),
    row("http1_chunk_out/small_writes_one_chunk", 4, r#"{"output": [{"t": "bytes", "hex": "310d0a6c0d0a"}]}"#, OnPurpose),
    row("http1_chunk_out/small_writes_one_chunk", 5, r#"{"output": [{"t": "bytes", "hex": "310d0a6f0d0a"}]}"#, OnPurpose),
    row("http1_chunk_out/small_writes_one_chunk", 6, r#"{"output": [{"t": "bytes", "hex": "300d0a0d0a"}]}"#, OnPurpose),
    row("http1_chunk_out/flush_closes_chunk", 1, r#"{"output": [{"t": "bytes", "hex": "320d0a61620d0a"}]}"#, OnPurpose),
    row("http1_chunk_out/flush_closes_chunk", 2, r#"{"output": []}"#, OnPurpose),
    row("http1_chunk_out/flush_closes_chunk", 3, r#"{"output": [{"t": "bytes", "hex": "310d0a630d0a"}]}"#, OnPurpose),
    row("http1_chunk_out/flush_closes_chunk", 4, r#"{"output": [{"t": "bytes", "hex": "300d0a0d0a"}]}"#, OnPurpose),
    row("http1_chunk_out/aborted_drops_buffer", 1, r#"{"output": [{"t": "bytes", "hex": "350d0a68656c6c6f0d0a"}]}"#, OnPurpose),

    // A message that breaks off is not said in HTTP/1.1: the connection closes before its end, and the reader finds it truncated (HM-2).
    row("http1_chunk_out/aborted_drops_buffer", 2, r#"{"inexpressible": "a message that breaks off"}"#, NotExpressible),
];
