//! COBS and SLIP: what is shown of them is the payload that comes out.

use framewright::framing::{Cobs, Slip};

use super::{Codec, Layout, LimitArgs, shown};

pub(super) fn cobs(limit: LimitArgs) -> Codec {
    shown(Cobs::new(limit.max()).on_excess(limit.on_excess()), Layout::Undone("unstuffed"))
}

pub(super) fn slip(limit: LimitArgs) -> Codec {
    shown(Slip::new(limit.max()).on_excess(limit.on_excess()), Layout::Undone("unescaped"))
}
