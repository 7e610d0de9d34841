//! Time as an input: the crate reads no clock.

use core::ops::Add;
use core::time::Duration;

/// A point in time: nanoseconds since an epoch that the driver picks, the same for every call on one machine.
///
/// A driver makes it from whatever clock it has; a test just counts. 64 bits last 584 years. Arithmetic saturates, so a deadline far away is "never", not a wrap into the past.
///
/// ```
/// use core::time::Duration;
/// use framewright::Time;
///
/// let now = Time::from_nanos(5);
/// let deadline = now + Duration::from_nanos(10);
/// assert_eq!(deadline.since(now), Duration::from_nanos(10));
/// assert_eq!(now.since(deadline), Duration::ZERO);
/// assert_eq!(Time::MAX + Duration::from_secs(1), Time::MAX);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(u64);

impl Time {
    /// The epoch.
    pub const ZERO: Self = Self(0);
    /// The end of time: a deadline that never comes.
    pub const MAX: Self = Self(u64::MAX);

    /// Makes a point in time from nanoseconds since the epoch.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Returns the nanoseconds since the epoch.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Returns the time as long after this as `after` is after the epoch.
    #[inline]
    pub(crate) const fn plus(self, after: Self) -> Self {
        Self(self.0.saturating_add(after.0))
    }

    /// Returns how long ago `earlier` was, or zero when it is not earlier.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// Makes a point in time from a clock reading, counted from the driver's `epoch` (zero for readings before it).
    ///
    /// ```
    /// use std::time::Instant;
    /// let epoch = Instant::now();
    /// let now = framewright::Time::from_instant(Instant::now(), epoch);
    /// assert!(now >= framewright::Time::ZERO);
    /// ```
    #[cfg(feature = "std")]
    #[must_use]
    pub fn from_instant(instant: std::time::Instant, epoch: std::time::Instant) -> Self {
        Self::ZERO + instant.saturating_duration_since(epoch)
    }
}

impl Add<Duration> for Time {
    type Output = Self;

    fn add(self, rhs: Duration) -> Self {
        let nanos = u64::try_from(rhs.as_nanos()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(nanos))
    }
}
