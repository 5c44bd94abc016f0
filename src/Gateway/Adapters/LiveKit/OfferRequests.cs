using Nexus.Link;

namespace Nexus.Gateway.Adapters.LiveKit;

/// <summary>
/// When a client is asked for an offer: once for each need, and for what is still missing after it made one. A client whose offers
/// change nothing is not asked for ever. Not thread-safe.
/// </summary>
internal sealed class OfferRequests
{
    /// <summary>Offers in a row that brought nothing.</summary>
    private const int MostInVain = 4;

    private (OfferWanted Wanted, int Bound)? _before;
    private bool _isAsked;
    private int _inVain;

    /// <summary>What to ask for now; null for nothing.</summary>
    /// <param name="bound">Tracks that have a section: an offer that brought one more was not in vain.</param>
    public OfferWanted? Next(OfferWanted? wanted, int bound)
    {
        if (wanted is null)
        {
            (_before, _inVain) = (null, 0); // what was asked for was done
            return null;
        }

        if (_isAsked)
        {
            return null;
        }

        _inVain = _before == (wanted, bound) ? _inVain + 1 : 0;
        (_isAsked, _before) = (true, (wanted, bound));
        return _inVain < MostInVain ? wanted : null;
    }

    /// <summary>The client made an offer, and has its answer.</summary>
    public void Answered() => _isAsked = false;
}
