using System.Net;
using Nexus.Gateway.Auth;

namespace Nexus.Gateway.Tests;

public class JoinLimiterTests
{
    private sealed class ManualTime : TimeProvider
    {
        public long Now { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now;
    }

    private readonly ManualTime _time = new() { Now = TimeSpan.TicksPerDay };

    private static Caller Caller(ulong token, string key = "devkey") =>
        new(new(), GatewayHost.Options.Tenants[0], new(key, "s"), token);

    [Fact]
    public void A_token_may_join_in_a_burst_and_then_at_its_rate()
    {
        var limiter = new JoinLimiter(new() { PerTokenPerSecond = 2, PerTokenBurst = 3 }, _time);

        for (int i = 0; i < 3; i++)
        {
            Assert.Null(limiter.Admit(Caller(1), IPAddress.Loopback));
        }

        Assert.Equal(TimeSpan.FromMilliseconds(500), limiter.Admit(Caller(1), IPAddress.Loopback));
        Assert.Null(limiter.Admit(Caller(2), IPAddress.Loopback));
        _time.Now += TimeSpan.TicksPerSecond / 2;
        Assert.Null(limiter.Admit(Caller(1), IPAddress.Loopback));
        Assert.NotNull(limiter.Admit(Caller(1), IPAddress.Loopback));
    }

    [Fact]
    public void A_classroom_behind_one_address_gets_in_however_low_the_configuration()
    {
        var limiter = new JoinLimiter(new() { PerSourcePerSecond = 1 }, _time);

        for (ulong pupil = 0; pupil < 200; pupil++)
        {
            Assert.Null(limiter.Admit(Caller(pupil), IPAddress.Parse("192.0.2.1")));
        }

        Assert.NotNull(limiter.Admit(Caller(1000), IPAddress.Parse("192.0.2.1")));
        Assert.Null(limiter.Admit(Caller(1001), IPAddress.Parse("192.0.2.2")));
    }

    [Fact]
    public void One_keys_flood_does_not_stop_anothers()
    {
        var limiter = new JoinLimiter(new() { PerKeyPerSecond = 5, PerKeyBurst = 5 }, _time);
        for (ulong i = 0; i < 5; i++)
        {
            Assert.Null(limiter.Admit(Caller(i), IPAddress.Loopback));
        }

        Assert.NotNull(limiter.Admit(Caller(6), IPAddress.Loopback));
        Assert.Null(limiter.Admit(Caller(7, "other"), IPAddress.Loopback));
    }
}
