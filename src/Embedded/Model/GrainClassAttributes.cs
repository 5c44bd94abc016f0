namespace Orleans;

/// <summary>The type part of the grain's id. Default: the class name in lower case without the suffix "grain".</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = false)]
public sealed class GrainTypeAttribute(string grainType) : Attribute
{
    internal string GrainType { get; } = grainType;
}

/// <summary>Activations of this class are never collected for idleness.</summary>
[AttributeUsage(AttributeTargets.Class)]
public class KeepAliveAttribute : Attribute
{
}

/// <summary>How long an activation of this class may be idle before it is collected; at least one minute.</summary>
[AttributeUsage(AttributeTargets.Class)]
public class CollectionAgeLimitAttribute : Attribute
{
    public static readonly TimeSpan MinAgeLimit = TimeSpan.FromMinutes(1);

    public CollectionAgeLimitAttribute()
    {
    }

    public CollectionAgeLimitAttribute(string inactivityPeriod) => Explicit = TimeSpan.Parse(inactivityPeriod);

    public double Days { get; set; }

    public double Hours { get; set; }

    public double Minutes { get; set; }

    /// <summary>Never collected.</summary>
    public bool AlwaysActive { get; set; }

    private TimeSpan? Explicit { get; }

    public TimeSpan AgeLimit
    {
        get
        {
            if (AlwaysActive)
            {
                return TimeSpan.FromDays(short.MaxValue);
            }

            var limit = Explicit ?? TimeSpan.FromDays(Days) + TimeSpan.FromHours(Hours) + TimeSpan.FromMinutes(Minutes);
            return limit < MinAgeLimit ? MinAgeLimit : limit;
        }
    }
}
