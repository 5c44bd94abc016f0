using Nexus.Gateway.Adapters.LiveKit;
using Nexus.Link;

namespace Nexus.Gateway.Tests.LiveKit;

public sealed class OfferRequestsTests
{
    private static readonly OfferWanted OneAudio = new(1, 0);

    private readonly OfferRequests _requests = new();

    [Fact]
    public void One_need_is_asked_for_once()
    {
        Assert.Equal(OneAudio, _requests.Next(OneAudio, 0));
        Assert.Null(_requests.Next(OneAudio, 0));
        Assert.Null(_requests.Next(new(2, 0), 0));
    }

    [Fact]
    public void What_is_missing_after_an_offer_is_asked_for_again()
    {
        _requests.Next(OneAudio, 0);
        _requests.Answered();
        Assert.Equal(new OfferWanted(2, 0), _requests.Next(new(2, 0), 0));
    }

    [Fact]
    public void Needs_that_are_alike_and_each_met_are_asked_for_however_many_they_are()
    {
        for (int i = 0; i < 20; i++)
        {
            Assert.Equal(OneAudio, _requests.Next(OneAudio, 0));
            _requests.Answered();
            Assert.Null(_requests.Next(null, 0));
        }
    }

    [Fact]
    public void Needs_that_come_faster_than_offers_are_asked_for_as_long_as_each_offer_brings_a_track()
    {
        for (int bound = 0; bound < 20; bound++)
        {
            Assert.Equal(OneAudio, _requests.Next(OneAudio, bound));
            _requests.Answered();
        }
    }

    [Fact]
    public void A_client_whose_offers_change_nothing_is_left_alone()
    {
        int asked = 0;
        for (int i = 0; i < 20; i++)
        {
            asked += _requests.Next(OneAudio, 0) is null ? 0 : 1;
            _requests.Answered();
        }

        Assert.Equal(4, asked);
    }
}
